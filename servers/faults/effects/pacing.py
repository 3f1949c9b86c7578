"""What earlier effects did to the pieces of a reply stands when later ones rewrite it. Pure."""

from dataclasses import replace

from ..draft import Draft, Piece


def paced_as(draft: Draft, changed: Draft) -> Draft:
    """`changed` with the cuts of `draft`, where these are not between its events, and with its waits."""
    known = draft.pieces
    paced = replace(changed)
    if [piece.data for piece in known] == draft.events:
        waits = {piece.data: piece.wait for piece in known}
        if len(changed.pieces) == len(known):
            waits |= {new.data: old.wait for new, old in zip(changed.pieces, known, strict=True)}
        paced.pieces = [Piece(new.data, new.wait or waits.get(new.data, 0.0)) for new in changed.pieces]
        return paced
    paced.pieces, rest = [], changed.body
    for piece in known[:-1]:
        if len(piece.data) >= len(rest):
            break
        paced.pieces.append(Piece(rest[: len(piece.data)], piece.wait))
        rest = rest[len(piece.data) :]
    if rest:
        paced.pieces.append(Piece(rest, known[len(paced.pieces)].wait))
    return paced
