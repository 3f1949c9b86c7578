from loadgen.client.heads import KnownHeads

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: application/json\r\n\r\n"
HEADERS = {b"content-length": b"4", b"content-type": b"application/json"}


def test_a_head_that_was_learned_is_read_with_another_body() -> None:
    heads = KnownHeads()
    heads.learn(HEAD + b"null", 200, HEADERS)
    assert heads.read(HEAD + b"true") == (200, HEADERS, b"true")


def test_a_head_that_differs_by_one_letter_is_unknown() -> None:
    heads = KnownHeads()
    heads.learn(HEAD + b"null", 200, HEADERS)
    assert heads.read(HEAD.replace(b"200", b"201") + b"true") is None


def test_a_piece_of_a_reply_and_more_than_one_reply_go_to_the_parser() -> None:
    heads = KnownHeads()
    heads.learn(HEAD + b"null", 200, HEADERS)
    assert heads.read(HEAD + b"tru") is None
    assert heads.read(HEAD + b"true" + HEAD + b"true") is None
    assert heads.read(HEAD[:-2]) is None


def test_a_reply_framed_by_anything_but_its_length_is_not_learned() -> None:
    heads = KnownHeads()
    for headers in ({}, {b"content-length": b"5"}, {**HEADERS, b"transfer-encoding": b"chunked"}):
        heads.learn(HEAD + b"null", 200, headers)
    assert heads.read(HEAD + b"null") is None


def test_an_informational_reply_before_the_head_is_not_taken_for_it() -> None:
    heads = KnownHeads()
    heads.learn(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"null", 200, HEADERS)
    assert heads.read(b"HTTP/1.1 100 Continue\r\n\r\nnull") is None


def test_few_heads_and_no_long_ones_are_kept() -> None:
    heads = KnownHeads()
    long = HEAD.replace(b"OK", b"O" * 2000)
    heads.learn(long + b"null", 200, HEADERS)
    assert heads.read(long + b"null") is None
    for n in range(17):
        heads.learn(HEAD.replace(b"OK", b"%d" % n) + b"null", 200, HEADERS)
    assert [n for n in range(17) if heads.read(HEAD.replace(b"OK", b"%d" % n) + b"null")] == [16]
