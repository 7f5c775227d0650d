// Another program: time is the same for everybody, so the page's controls of time are disabled.

import {state} from "./phone.js";

const $ = (id) => document.getElementById(id);

document.addEventListener("state", () => {
  $("fixed").hidden = !state.fixed;
  if (!state.fixed) return;
  $("fixed").textContent = state.fixed;
  for (const each of document.querySelectorAll("#speeds button, #undo, #skip, #moment")) {
    each.disabled = true;
    each.title = state.fixed;
  }
  $("hint").textContent = "Call, and the ladder of the call grows here.";
  $("where").textContent = `${state.app} is another program: its source isn't shown.`;
});
