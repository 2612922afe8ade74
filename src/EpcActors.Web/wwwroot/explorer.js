// The page: shows what the worker answers, and sends it what the reader presses. It knows nothing of races.
const find = (id) => document.getElementById(id);
const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
let lastId = 0;
let state = { link: "", rule: "", hash: "", busy: false };

function ask(what, argument) {
  const id = ++lastId;
  worker.postMessage({ id: id, request: { do: what, arg: argument ?? "" } });
  return new Promise(function (done) {
    waiting.set(id, done);
    document.body.dataset.waiting = waiting.size;
  });
}

worker.onmessage = function (event) {
  const { id, answer, ready, failure } = event.data;
  if (ready) {
    document.body.dataset.ready = "";
    say("");
    return;
  }
  if (failure) {
    complain("The engine does not start: " + failure);
    return;
  }
  show(answer);
  waiting.get(id)?.(answer);
  waiting.delete(id);
  document.body.dataset.waiting = waiting.size;
};
worker.onerror = (event) => complain("The engine does not start: " + (event.message || "its script cannot be loaded"));

function say(text) { find("said").textContent = text; }
function complain(text) {
  const wrong = find("wrong");
  wrong.textContent = text;
  wrong.hidden = text === "";
}

// A region is replaced as a whole: what had the focus, and what was opened, stays so.
function show(answer) {
  const active = document.activeElement;
  const key = active?.dataset?.do ? [active.dataset.do, active.dataset.arg, active.dataset.key] : null;
  const region = active?.closest("[id]")?.id;
  for (const [id, markup] of Object.entries(answer.regions)) {
    const place = find(id);
    const opened = Array.from(place.querySelectorAll("details[open][id]")).map((one) => one.id);
    const scroll = place.querySelector(".drawing")?.scrollLeft;
    place.innerHTML = markup;
    opened.forEach((one) => find(one)?.setAttribute("open", ""));
    if (scroll) {
      place.querySelector(".drawing")?.scrollTo({ left: scroll });
    }
  }
  if (key && !document.contains(active)) {
    const buttons = Array.from(document.querySelectorAll("[data-do]"));
    const same = buttons.find((one) => key[2] ? one.dataset.key === key[2] : one.dataset.do === key[0] && one.dataset.arg === key[1]);
    const next = same && !same.disabled ? same : find("next").querySelector("button") ?? find(region)?.querySelector("button:enabled");
    next?.focus({ preventScroll: true });
  }
  complain(answer.error ?? "");
  state.busy = answer.busy;
  document.body.classList.toggle("busy", answer.busy);
  if (answer.link !== undefined) {
    state.link = answer.link;
    state.rule = answer.rule ?? "";
    document.title = answer.title + " · EpcActors";
    find("known").hidden = !answer.known;
    find("shortest").dataset.arg = state.rule;
    document.body.dataset.trace = answer.trace;
    view("lab");
    if (location.hash !== "#" + answer.link) {
      // Replaced, not pushed: a step is undone by going back in the way, not in the browser's history.
      history.replaceState(null, "", "#" + answer.link);
    }
    mark();
  }
}

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

function view(name) {
  for (const id of ["list", "lab", "editor"]) {
    find(id).hidden = id !== name;
  }
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
    document.title = "A race of your own · EpcActors";
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
    find("sample").replaceChildren(...Array.from(document.querySelectorAll("#races a")).map(function (one) {
      const option = document.createElement("option");
      option.value = one.hash.slice(1);
      option.textContent = one.textContent;
      return option;
    }));
  });
  return listed;
}

function filter() {
  const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  document.querySelectorAll("#races li").forEach(function (one) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  });
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    // Without the right to use the clipboard the text is there to be copied by hand.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    say(isCopied ? done : "The browser does not let the page copy.");
  }
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say("Saved " + name + ". 'epc race replay " + name + "' replays it.");
}

document.addEventListener("click", function (event) {
  const button = event.target.closest("[data-do]");
  if (button) {
    ask(button.dataset.do, button.dataset.arg);
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
  save(answer.file, answer.text);
});
find("search").addEventListener("input", filter);
find("help-open").addEventListener("click", () => find("help").showModal());

document.addEventListener("keydown", function (event) {
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
  if (event.key === "/") {
    event.preventDefault();
    location.hash = "#races";
    view("list");
    find("search").focus();
  } else if (event.key === "?") {
    find("help").showModal();
  } else if (!find("lab").hidden) {
    const does = { g: "go-on", s: "shortest", c: "count", K: "known" };
    if (/^[1-9]$/.test(event.key)) {
      press("#next li:nth-child(" + event.key + ") button");
    } else if (event.key === "Escape") {
      press("#work [data-do=stop]");
    } else if (does[event.key]) {
      press(".tools [data-do=" + does[event.key] + "]");
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(keys[event.key] ?? event.key)
      && !(event.target.closest("#drawing") && ["Home", "End"].includes(event.key))) {
      press("#way [data-key=" + (keys[event.key] ?? event.key) + "]");
    }
  }
});

// A race of the reader's own.
const text = find("text");
let checking = 0;
function numbers(bad) {
  const lines = find("lines");
  const count = text.value.split("\n").length;
  lines.replaceChildren();
  for (let i = 1; i <= count; i++) {
    const number = document.createElement("span");
    number.textContent = i + "\n";
    number.className = bad.has(i) ? "bad" : "";
    lines.append(number);
  }
  lines.scrollTop = text.scrollTop;
}
async function check() {
  const mine = ++checking;
  await ask("check", text.value);
  if (mine === checking) {
    numbers(new Set(Array.from(document.querySelectorAll("#mistakes [data-line]")).map((one) => Number(one.dataset.line))));
  }
  return document.querySelectorAll("#mistakes li").length === 0;
}
let timer = 0;
text.addEventListener("input", function () {
  numbers(new Set());
  clearTimeout(timer);
  timer = setTimeout(check, 250);
});
text.addEventListener("scroll", () => { find("lines").scrollTop = text.scrollTop; });
async function sample() {
  const answer = await ask("sample", find("sample").value);
  text.value = answer.text;
  await check();
}
async function run() {
  if (await check()) {
    await ask("file", text.value);
  } else {
    complain("The text has mistakes; the list below says where.");
  }
}
find("sample").addEventListener("change", sample);
find("run").addEventListener("click", run);
find("mistakes").addEventListener("click", function (event) {
  const place = event.target.closest("[data-line]");
  if (place) {
    const lines = text.value.split("\n");
    const start = lines.slice(0, Number(place.dataset.line) - 1).join("\n").length + (Number(place.dataset.line) > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start + Number(place.dataset.column) - 1, start + (lines[Number(place.dataset.line) - 1] ?? "").length);
  }
});
// Keys are completed from what the loader knows.
const words = find("words");
let begun = 0;
let chosen = 0;
async function complete() {
  const answer = await ask("complete", text.selectionStart + "\n" + text.value);
  const [length, ...keys] = answer.text.split("\n");
  begun = Number(length);
  words.replaceChildren(...keys.map(function (key, i) {
    const item = document.createElement("li");
    item.textContent = key;
    item.role = "option";
    item.id = "word-" + i;
    item.addEventListener("mousedown", function (event) {
      event.preventDefault();
      choose(i);
      insert();
    });
    return item;
  }));
  words.hidden = keys.length === 0;
  say(keys.length === 0 ? "No key can stand here." : "");
  choose(0);
}
function choose(i) {
  const items = Array.from(words.children);
  chosen = (i + items.length) % Math.max(1, items.length);
  items.forEach((one, at) => one.setAttribute("aria-selected", at === chosen));
  items[chosen]?.scrollIntoView({ block: "nearest" });
  text.setAttribute("aria-activedescendant", items[chosen]?.id ?? "");
}
function insert() {
  const key = words.children[chosen].textContent;
  text.setRangeText(key.slice(begun), text.selectionStart, text.selectionEnd, "end");
  words.hidden = true;
  text.dispatchEvent(new Event("input"));
}
text.addEventListener("keydown", function (event) {
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  } else if (event.key === " " && event.ctrlKey) {
    event.preventDefault();
    complete();
  } else if (!words.hidden && moves[event.key]) {
    event.preventDefault();
    choose(chosen + moves[event.key]);
  } else if (!words.hidden && (event.key === "Enter" || event.key === "Tab")) {
    event.preventDefault();
    insert();
  } else if (!["Control", "Shift", "Alt", "Meta"].includes(event.key)) {
    words.hidden = true;
  }
});

// What the command writes can be dropped.
document.addEventListener("dragover", function (event) {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", async function (event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const file = event.dataTransfer.files[0];
  if (file) {
    const content = await file.text();
    const answer = await ask("file", content);
    if (answer.error && !content.startsWith("# EpcActors schedule")) {
      // A race file with a mistake opens in the editor.
      text.value = content;
      location.hash = "#own";
      await check();
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
