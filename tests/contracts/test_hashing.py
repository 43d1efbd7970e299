"""A definition's hash is that of its JSON in one fixed form, so other programs can compute it."""

import hashlib

from contracts.hashing import canonical_sha256


def test_it_is_the_sha256_of_json_with_sorted_keys_no_spaces_and_letters_as_they_are():
    """The text is written out by hand, as a program without our code would write it."""
    text = '{"b":[1,2.5,null,true],"name":"가 é","z":{"a":"x","c":"y"}}'
    value = {"z": {"c": "y", "a": "x"}, "b": [1, 2.5, None, True], "name": "가 é"}
    assert canonical_sha256(value) == hashlib.sha256(text.encode("utf-8")).hexdigest()
