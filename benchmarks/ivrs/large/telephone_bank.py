"""A bank by phone, of the size that banks have: 27 spots. See `benchmarks/explore.py --bank`.

A menu leads to an account (number and PIN; balance and transfers), a lost card, opening hours, a
complaint, or an agent. What each call was about is in the journal, with its caller.
"""

from eslsync import Channel, Hangup, Outbound, Session

#: PINs by account.
PINS = {"1001": "4711", "1002": "8520"}
#: Codes that block cards, by the card's last digits.
CARDS = {"7734": "31"}
HOURS = {"10": "9-to-5"}
AGENT = "2000"
COMPLAINTS = "/tmp"
TRIES = 3
ASK_SECONDS = 6.0

balances = {"1001": 250, "1002": 250}
notes: dict[str, list[str]] = {}
journal: list[str] = []


def handler(session: Session) -> None:
    channel = session.channel
    notes[session.uuid] = []

    @session.on_hangup
    def write_journal(hangup: Hangup) -> None:
        about = ", ".join(notes.pop(session.uuid)) or "nothing"
        journal.append(f"{session.caller_number}: {about}")

    channel.answer()
    channel.playback("bank/welcome", terminators="any")
    while True:
        choice = channel.get_digits("bank/main-menu", regexp="[0-49]", tries=TRIES)
        if choice == "1":
            account = identify(channel)
            if account is None:
                note(session, "refused")
                break
            note(session, "identified")
            account_menu(session, account)
        elif choice == "2":
            block_card(session)
        elif choice == "3":
            tell_hours(channel)
        elif choice == "4":
            complain(session)
            break
        elif choice == "0":
            channel.playback("bank/connecting")
            channel.transfer(AGENT)
            channel.wait("CHANNEL_HANGUP", timeout=5.0)
            return
        else:
            break
    channel.playback("bank/goodbye")
    channel.hangup()


def note(session: Session, what: str) -> None:
    notes[session.uuid].append(what)


def identify(channel: Channel) -> str | None:
    account = ask(channel, "bank/account-number", 4)
    if account not in PINS:
        channel.playback("bank/unknown-account")
        return None
    for _ in range(TRIES):
        if ask(channel, "bank/pin", 4) == PINS[account]:
            return account
        channel.playback("bank/wrong-pin", terminators="none")
    return None


def ask(channel: Channel, prompt: str, digits: int) -> str:
    return channel.get_digits(prompt, min=digits, max=digits, timeout=ASK_SECONDS)


def account_menu(session: Session, account: str) -> None:
    channel = session.channel
    while True:
        choice = channel.get_digits("bank/account-menu", regexp="[129]", tries=TRIES)
        if choice == "1":
            channel.playback("bank/balance")
            channel.say(str(balances[account]))
        elif choice == "2":
            transfer(session, account)
        else:
            return


def transfer(session: Session, account: str) -> None:
    channel = session.channel
    to = ask(channel, "bank/transfer-to", 4)
    if to not in PINS or to == account:
        channel.playback("bank/unknown-account")
        return
    amount = channel.get_digits("bank/amount", min=1, max=4, terminators="#", timeout=ASK_SECONDS)
    if not amount.isdecimal() or int(amount) > balances[account]:
        channel.playback("bank/not-enough")
        return
    if channel.get_digits("bank/confirm-transfer", timeout=ASK_SECONDS) == "1":
        balances[account] -= int(amount)
        balances[to] += int(amount)
        note(session, "transferred")
        channel.playback("bank/transferred")
    else:
        channel.playback("bank/not-transferred")


def block_card(session: Session) -> None:
    channel = session.channel
    code = CARDS.get(ask(channel, "bank/card-number", 4))
    if code is not None and ask(channel, "bank/card-code", 2) == code:
        note(session, "blocked")
        channel.playback("bank/card-blocked")
    else:
        channel.playback("bank/unknown-card")


def tell_hours(channel: Channel) -> None:
    branch = ask(channel, "bank/branch", 2)
    channel.playback(f"bank/open-{HOURS.get(branch, 'unknown')}")


def complain(session: Session) -> None:
    """Record a complaint; it counts also if the caller hangs up meanwhile."""
    channel = session.channel
    channel.playback("bank/complain-after-the-tone")
    note(session, "complaint")
    channel.record(f"{COMPLAINTS}/{session.uuid}.wav", limit=60, terminators="any")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
