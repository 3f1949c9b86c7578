"""JSON Schemas compared by what they accept: whether all that one accepts is accepted by another, and where not.

Drafts 2020-12 and 07. `document` brings both into one form, `view` shows one level of it, `oracle` decides about whole
pieces, `walk` finds the places; what a place says is in `wording`.
"""
