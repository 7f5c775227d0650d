"""A bank: an account number, a PIN with two tries, and a menu for those who know both."""

from __future__ import annotations

from eslsync import Channel, Outbound, Session

PINS = {"10001": "4711"}
TRIES = 2


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("bank/welcome")
    if is_known(channel):
        menu(channel)
    else:
        channel.playback("bank/sorry")
    channel.playback("bank/goodbye")
    channel.hangup()


def is_known(channel: Channel) -> bool:
    account = channel.get_digits("bank/account", min=5, max=5, regexp="^[0-9]+$", tries=TRIES)
    if not account:
        return False
    expected = PINS.get(account)
    for _ in range(TRIES):
        pin = channel.get_digits("bank/pin", min=4, max=4, terminators="")
        if pin and pin == expected:
            return True
        channel.playback("bank/wrong_pin")
    return False


def menu(channel: Channel) -> None:
    while True:
        key = channel.get_digits("bank/menu_9_to_repeat_0_to_leave", regexp="[1290]", tries=2)
        if key == "1":
            channel.playback("bank/balance")
        elif key == "2":
            transfer_money(channel)
        elif key == "9":
            continue
        elif key == "0":
            return
        else:
            return


def transfer_money(channel: Channel) -> None:
    amount = int(channel.get_digits("bank/amount", max=5, regexp="^[1-9][0-9]*$", tries=2) or "0")
    if amount == 0:
        return
    if amount > 2000:
        channel.playback("bank/too_much")
        return
    if channel.get_digits("bank/press_1_to_confirm", regexp="[12]") == "1":
        channel.playback("bank/done")
    else:
        channel.playback("bank/cancelled")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
