// The map of an exploration: its links lead here, and name the spot at which a call is to stand.

import {send, state} from "./phone.js";

function visit() {
  document.getElementById("map").hidden = !state.map;
  const address = new URL(location.href);
  const spot = address.searchParams.get("spot");
  if (spot === null) return;
  // Once: the page may be loaded again.
  address.searchParams.delete("spot");
  history.replaceState(null, "", address);
  if (/^\d+$/.test(spot)) send({do: "visit", spot: Number(spot)});
}

document.addEventListener("state", visit);
