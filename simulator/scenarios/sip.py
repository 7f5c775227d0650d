"""A caller by SIP: SIPp, told over a socket what to do next (its 3PCC mode)."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from .live import CannotPerform, Client
from .scenario import Press, Scenario, Talk
from .sounds import Sounds

__all__ = ["SipCaller"]

#: Seconds for SIPp to start, and to end, and for a new call to be among those that are shown.
STARTS, ENDS, LISTED = 5.0, 2.0, 1.0
HEADERS = """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
Contact: <sip:{number}@[local_ip]:[local_port]>
"""
IN_DIALOG = """\
[routes]
[last_From:]
[last_To:]
[last_Call-ID:]
"""
BODY = """\
v=0
o=eslsync 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
"""
#: Tells the dialplan the folder of the sound files.
PREFIX = "X-Sound-Prefix"
#: SIPp's scenario: it calls at the first command, and hangs up at the second.
SIPP = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="eslsync">
  <recvCmd/>
  <send retrans="500"><![CDATA[

INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{HEADERS}From: "{{name}}" <sip:{{number}}@[local_ip]:[local_port]>;tag=[pid]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
{{more}}Content-Type: application/sdp
Content-Length: [len]

{BODY}
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[

ACK [next_url] SIP/2.0
{HEADERS}{IN_DIALOG}CSeq: 1 ACK
Content-Length: 0

]]></send>
  <recvCmd/>
  <send retrans="500"><![CDATA[

BYE [next_url] SIP/2.0
{HEADERS}{IN_DIALOG}CSeq: 2 BYE
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""


class SipCaller:
    """A phone that calls by SIP, sends no sound, and hangs up once the call is answered."""

    uuid = ""  #: the caller has no leg of its own in the switch

    def __init__(self, scenario: Scenario, client: Client, sounds: Sounds, sip: str) -> None:
        self._scenario = scenario
        self._client = client
        self._sounds = sounds
        self._sip = sip
        self.needs = (
            f"does a profile take SIP at {sip} (--sip), and has its context the extension of "
            "docs/guides/recorder.md that transfers to our context?"
        )
        self._folder = TemporaryDirectory(prefix="eslsync-sipp-")
        self._dialled = ""
        self._sipp: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def call(self, number: str) -> None:
        for step in self._scenario.steps:
            if isinstance(step, (Press, Talk)):
                raise CannotPerform(f"a caller by sip can't {step.verb}")
        caller = self._scenario.caller
        if set('"<>[]') & set(caller.name + caller.number):
            raise CannotPerform(f"a caller by sip can't be {caller.name!r}: it has \" < > [ or ]")
        file = Path(self._folder.name, "caller.xml")
        more = f"{PREFIX}: {self._sounds.folder}\n" if self._scenario.prompts else ""
        text = SIPP.format(name=caller.name, number=caller.number, more=more)
        file.write_text(text, encoding="utf-8")
        control = _free_port()
        command = ["sipp", self._sip, "-sf", str(file), "-s", number, "-m", "1", "-nostdin"]
        command += ["-i", "127.0.0.1", "-3pcc", f"127.0.0.1:{control}"]
        command += ["-mp", str(_free_port())]
        try:
            self._sipp = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder.name
            )
        except FileNotFoundError:
            raise CannotPerform("a caller by sip needs SIPp: there is no program sipp") from None
        self._dialled = number
        self._control = self._connected(control)
        self._tell("call")

    def outcome(self) -> str | None:
        return None if self._is_up() else "-ERR sipp has ended"

    def channel(self) -> str:
        until = time.monotonic() + LISTED
        while time.monotonic() < until:
            shown = json.loads(self._client.api("show channels as json"))
            for row in shown.get("rows", ()):
                if row["dest"] == self._dialled:
                    uuid: str = row["uuid"]
                    return uuid
            time.sleep(0.02)
        return ""

    def press(self, keys: str, milliseconds: int) -> str:
        return "-ERR a caller by sip can't press keys"

    def talk(self, seconds: float) -> str:
        return "-ERR a caller by sip is mute"

    def hangup(self, cause: str) -> str:
        if not self._is_up():
            return "-ERR the call has ended"
        self._tell("hang up")
        return "+OK"

    def leave(self) -> None:
        if self._sipp is not None:
            self.hangup("NORMAL_CLEARING")
            try:
                self._sipp.wait(ENDS)
            except subprocess.TimeoutExpired:
                self._client.api(f"uuid_kill {self.channel()}")
                self._sipp.kill()
                self._sipp.wait()
        if self._control is not None:
            self._control.close()
        self._folder.cleanup()

    def _is_up(self) -> bool:
        return self._sipp is not None and self._sipp.poll() is None

    def _connected(self, port: int) -> socket.socket:
        """The connection to SIPp, once it listens."""
        until = time.monotonic() + STARTS
        while self._is_up() and time.monotonic() < until:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except OSError:
                time.sleep(0.05)
        raise CannotPerform(f"sipp does not start, or ends at once, when it calls {self._sip}")

    def _tell(self, what: str) -> None:
        """Send a command; SIPp only counts them."""
        if self._control is not None:
            try:
                self._control.sendall(f"Call-ID: 1@eslsync\r\n{what}\r\n\r\n\x1b".encode())
            except OSError:
                pass  # its call has ended


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
