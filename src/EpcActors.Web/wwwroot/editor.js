// The editor: a race or a scenario of the reader's own, checked while it is written, then played or run.
import { ask, complain, find, listen, say, view } from "./desk.js";

let kind = "";
const text = find("text");
let checking = 0;
function numbers(bad) {
  const lines = find("lines");
  const count = text.value.split("\n").length;
  text.style.height = Math.max(count + 2, 12) * 1.5 + "em";
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
  const answer = await ask("check", text.value);
  if (mine === checking) {
    kind = answer.text;
    find("run").textContent = kind === "scenario" ? "Run it" : "Play it";
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
export async function sample() {
  const answer = await ask("sample", find("sample").value);
  text.value = answer.text;
  await check();
}
async function run() {
  if (!await check()) {
    complain("The text has mistakes; the list below says where.");
  } else if (kind === "scenario") {
    find("report").hidden = true;
    await ask("run", text.value);
  } else {
    await ask("file", text.value);
  }
}

// What belongs here of an answer: a text that was dropped or linked, and the report of a run.
listen(function (answer) {
  if (answer.place !== undefined) {
    history.replaceState(null, "", "#" + answer.place);
  }
  if (answer.editor !== undefined) {
    text.value = answer.editor;
    find("sample").selectedIndex = -1;
    document.title = "A race or a scenario of your own · EpcActors";
    view("editor");
    check();
  }
  if (answer.report !== undefined) {
    const frame = find("report");
    frame.srcdoc = answer.report;
    frame.hidden = false;
  }
});
function fit() {
  const page = find("report").contentDocument?.documentElement;
  if (page && !find("report").hidden) {
    find("report").style.height = page.scrollHeight + 4 + "px";
  }
}
find("report").addEventListener("load", function () {
  fit();
  find("report").scrollIntoView({ block: "start" });
});
addEventListener("resize", fit);
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
  } else if (!words.hidden && event.key === "Escape") {
    // The list goes; a run goes on.
    event.stopPropagation();
    words.hidden = true;
  } else if (!["Control", "Shift", "Alt", "Meta"].includes(event.key)) {
    words.hidden = true;
  }
});
