"""FreeSWITCH's dialplan applications as blocking methods, by what they are about."""
