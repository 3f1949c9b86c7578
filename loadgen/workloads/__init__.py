"""Which calls are made, with which values, and what their replies must say."""
