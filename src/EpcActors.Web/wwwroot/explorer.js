// The page: shows what the worker answers, and sends it what the reader presses. It knows nothing of races.
import { ask, complain, find, listen, view } from "./desk.js";
import { sample } from "./editor.js";
import { copy, paste, pick, save } from "./files.js";

let state = { link: "", rule: "" };

// A region is replaced as a whole: what had the focus, and what was opened, stays so.
function fill(regions) {
  const active = document.activeElement;
  const key = active?.dataset?.do ? [active.dataset.do, active.dataset.arg, active.dataset.key] : null;
  const region = active?.closest("[id]")?.id;
  for (const [id, markup] of Object.entries(regions)) {
    const place = find(id);
    const opened = Array.from(place.querySelectorAll("details[open][id]")).map((one) => one.id);
    const scroll = place.querySelector(".drawing, .mapped")?.scrollLeft;
    place.innerHTML = markup;
    opened.forEach((one) => find(one)?.setAttribute("open", ""));
    if (scroll) {
      place.querySelector(".drawing, .mapped")?.scrollTo({ left: scroll });
    }
  }
  if (key && !document.contains(active)) {
    const buttons = Array.from(document.querySelectorAll("[data-do]"));
    const same = buttons.find((one) => key[2] ? one.dataset.key === key[2] : one.dataset.do === key[0] && one.dataset.arg === key[1]);
    const next = same && !same.disabled ? same : find("next").querySelector("button") ?? find(region)?.querySelector("button:enabled");
    next?.focus({ preventScroll: true });
  }
}

// A press that begins on one element must end on it: what work has to say waits meanwhile.
let isPressed = false;
let held = {};
addEventListener("pointerdown", () => { isPressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, function () {
    isPressed = false;
    setTimeout(function () {
      fill(held);
      held = {};
    });
  }, true);
}

listen(function (answer, isReply) {
  if (isPressed && !isReply && answer.link === undefined) {
    Object.assign(held, answer.regions);
  } else {
    fill(answer.regions);
  }
  document.body.classList.toggle("busy", answer.busy);
  if (answer.link !== undefined) {
    held = {};
    state.link = answer.link;
    state.rule = answer.rule ?? "";
    document.title = answer.title + " · EpcActors";
    find("known").hidden = !answer.known;
    find("shortest").dataset.arg = state.rule;
    document.body.dataset.trace = answer.trace;
    document.body.dataset.state = answer.state;
    view("lab");
    if (location.hash !== "#" + answer.link) {
      // Replaced, not pushed: a step is undone by going back in the way, not in the browser's history.
      history.replaceState(null, "", "#" + answer.link);
    }
    mark();
  }
});

/** The step that was made last, and those that lie ahead. */
function mark() {
  const drawing = find("drawing");
  if (!drawing) {
    return;
  }
  const at = Number(drawing.dataset.at) - Number(drawing.dataset.first);
  drawing.querySelectorAll(".lamport .step").forEach(function (row, i) {
    row.classList.toggle("now", i === at - 1);
    row.classList.toggle("ahead", i >= at);
    if (i === at - 1) {
      row.setAttribute("aria-current", "step");
      const heads = drawing.querySelector(".heads").getBoundingClientRect().height;
      const y = (at - 1) * row.querySelector(".hit").getBoundingClientRect().height;
      drawing.scrollTop = Math.min(Math.max(drawing.scrollTop, y + heads + 70 - drawing.clientHeight), Math.max(0, y - 40));
    }
  });
}

async function open() {
  const hash = location.hash.slice(1);
  complain("");
  if (hash === "" || hash === "races") {
    view("list");
    document.title = "EpcActors: the race laboratory";
    await races();
  } else if (hash === "own") {
    view("editor");
    document.title = "A race or a scenario of your own · EpcActors";
    await races();
    if (find("text").value === "") {
      await sample();
    }
  } else if (hash !== state.link) {
    await ask("open", hash);
  } else {
    view("lab");
  }
}

// The list is a file of its own: it is there before the engine is.
let listed = null;
function races() {
  listed ??= fetch("races.html").then((file) => file.text()).then(function (markup) {
    find("races").innerHTML = markup;
    filter();
    find("sample-races").replaceChildren(...Array.from(document.querySelectorAll("#races a")).map(function (one) {
      const option = document.createElement("option");
      option.value = one.hash.slice(1);
      option.textContent = one.textContent;
      return option;
    }));
    find("sample").value = "R1";
  });
  return listed;
}

function filter() {
  const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  document.querySelectorAll("#races li").forEach(function (one) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  });
}

async function press(button) {
  const does = button.dataset.do;
  if (does === "pick-beside") {
    pick(true);
  } else if (does === "paste-beside") {
    paste();
  } else if (does === "report") {
    const answer = await ask("report");
    save(answer.file, answer.text, "It is the file that 'epc run --out' writes.");
  } else {
    ask(does, button.dataset.arg);
  }
}

document.addEventListener("click", function (event) {
  const button = event.target.closest("[data-do]");
  if (button) {
    press(button);
    return;
  }
  const row = event.target.closest(".lamport .step");
  if (row) {
    ask("go", String(Number(row.dataset.i) + 1 + Number(find("drawing").dataset.first)));
  }
});
find("mail").addEventListener("click", async function () {
  const answer = await ask("mail");
  copy(answer.text + "\n" + location.href + "\n", "Copied: paste it into a mail.");
});
find("link").addEventListener("click", function () {
  copy(location.href, location.href.length > 6000 ? "Copied. It is long for a mail: better send the .schedule." : "Copied the link.");
});
find("save").addEventListener("click", async function () {
  const answer = await ask("schedule");
  save(answer.file, answer.text, "'epc race replay " + answer.file + "' replays it.");
});
find("search").addEventListener("input", filter);
find("help-open").addEventListener("click", () => find("help").showModal());

document.addEventListener("keydown", function (event) {
  const stop = document.querySelector("#run-state [data-do=stop-run]");
  if (event.key === "Escape" && stop && !find("editor").hidden) {
    stop.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog[open]")) {
    return;
  }
  const press = function (selector) {
    const button = document.querySelector(selector);
    if (button && !button.disabled && !button.hidden) {
      event.preventDefault();
      button.click();
    }
  };
  const keys = { k: "ArrowLeft", j: "ArrowRight" };
  const drawn = event.target.closest("g[role=button]");
  if (drawn && ["Enter", " "].includes(event.key)) {
    event.preventDefault();
    ask(drawn.dataset.do, drawn.dataset.arg);
  } else if (event.key === "/") {
    event.preventDefault();
    location.hash = "#races";
    view("list");
    find("search").focus();
  } else if (event.key === "?") {
    find("help").showModal();
  } else if (!find("lab").hidden) {
    const does = { g: "go-on", s: "shortest", c: "count", K: "known" };
    const more = { f: "#faults [data-do=faults]", m: "#map [aria-keyshortcuts=M]" };
    if (/^[1-9]$/.test(event.key)) {
      press("#next li:nth-child(" + event.key + ") button");
    } else if (event.key === "Escape") {
      press("#work [data-do=stop]");
    } else if (more[event.key]) {
      press(more[event.key]);
    } else if (does[event.key]) {
      press(".tools [data-do=" + does[event.key] + "]");
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(keys[event.key] ?? event.key)
      && !(event.target.closest("#drawing") && ["Home", "End"].includes(event.key))) {
      press("#way [data-key=" + (keys[event.key] ?? event.key) + "]");
    }
  }
});

// For tests and for those who want to script it.
window.explorer = { ask: ask };

addEventListener("hashchange", open);
open();
if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("offline.js").catch(() => {});
}
