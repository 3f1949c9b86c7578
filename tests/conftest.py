"""What all tests share: an example of hypothesis may take its time, on machines that are busy with other things."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
