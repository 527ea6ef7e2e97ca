from __future__ import annotations

from venuekit.protocol.recording import read_recording

# Lines in the order of a file, which is not that of time.
SESSION = [
    b'{"t":"header","format":2}',
    b'{"t":"connect","conn":"A","ts":1.0,"addr":"wss://one"}',
    b'{"t":"recv","conn":"A","ts":4.0,"data":"{}"}',
    b'{"t":"connect","conn":"B","ts":2.0,"addr":"wss://two"}',
    b'{"t":"recv","conn":"B","ts":3.0,"data":"{}"}',
    b'{"t":"http","conn":"C","ts":5.0,"url":"https://three","data":"{}"}',
]


def test_a_frame_carries_the_address_of_its_connection() -> None:
    assert [record.url for record in read_recording(SESSION)] == ["wss://two", "wss://one", "https://three"]
