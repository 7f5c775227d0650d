"""FreeSWITCH's dialplan applications as blocking methods, by subject.

Each method declares its application (`eslsync.wire.declared`). Applications without a method
are declared here, for `Leg.execute`.
"""

from __future__ import annotations

from ..wire.declared import Declaration

Declaration("multiunset", prepares=True, sets=True).register()
Declaration("respond", sends=True).register()
Declaration("voicemail", joins=True).register()
