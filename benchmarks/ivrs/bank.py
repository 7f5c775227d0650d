"""A bank by phone: number and PIN, then balance, blocking the card, or an adviser.

After three wrong PINs the account is locked and the caller goes to an adviser. Each call leaves a
line in the journal, whoever hangs up. An IVR for `benchmarks/mutants.py`.
"""

from eslsync import Channel, Hangup, Outbound, Session

#: PINs and balances by account.
ACCOUNTS = {"1001": ("4711", 250), "1002": ("8520", 0)}
ADVISER = "2000"
TRIES = 3
ASK_SECONDS = 6.0

locked: set[str] = set()
journal: list[str] = []


def handler(session: Session) -> None:
    channel = session.channel
    done: list[str] = []

    @session.on_hangup
    def write_journal(hangup: Hangup) -> None:
        journal.append(f"{session.caller_number}: {', '.join(done) or 'nothing'}")

    channel.answer()
    channel.playback("bank/welcome", terminators="any")
    account = ask_for_account(channel)
    if account is None:
        channel.playback("bank/goodbye")
        channel.hangup()
        return
    if account in locked or not knows_pin(channel, account):
        locked.add(account)
        done.append("locked")
        channel.playback("bank/account-locked")
        speak_to_adviser(session)
        return
    done.append("identified")
    menu(session, account, done)
    channel.playback("bank/goodbye")
    channel.hangup()


def ask_for_account(channel: Channel) -> str | None:
    for _ in range(TRIES):
        account = channel.get_digits(
            "bank/account-number", min=4, max=4, timeout=ASK_SECONDS, regexp="^[0-9]+$"
        )
        if account in ACCOUNTS:
            return str(account)
        channel.playback("bank/unknown-account", terminators="none")
    return None


def knows_pin(channel: Channel, account: str) -> bool:
    pin, _ = ACCOUNTS[account]
    for _ in range(TRIES):
        digits = channel.get_digits("bank/pin", min=4, max=4, timeout=ASK_SECONDS)
        if digits == pin:
            return True
        channel.playback("bank/wrong-pin", terminators="none")
    return False


def menu(session: Session, account: str, done: list[str]) -> None:
    channel = session.channel
    while True:
        choice = channel.get_digits("bank/menu", regexp="[1239]", tries=3)
        if choice == "1":
            _, balance = ACCOUNTS[account]
            channel.playback("bank/balance")
            if balance > 0:
                channel.say(str(balance))
            else:
                channel.playback("bank/nothing")
        elif choice == "2":
            if channel.get_digits("bank/confirm-block") == "1":
                locked.add(account)
                done.append("blocked")
                channel.playback("bank/card-blocked")
                return
            channel.playback("bank/not-blocked")
        elif choice == "3":
            speak_to_adviser(session)
            return
        else:
            return


def speak_to_adviser(session: Session) -> None:
    channel = session.channel
    channel.playback("bank/connecting")
    channel.transfer(ADVISER)
    channel.wait("CHANNEL_HANGUP", timeout=5.0)


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
