// Steps through the diagram: the current step is marked and its state stands beside it. The page works without.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("race").textContent);
  const rows = Array.from(document.querySelectorAll(".lamport .step"));
  const drawing = document.getElementById("drawing");
  const heads = drawing.querySelector(".heads");
  const find = function (id) { return document.getElementById(id); };
  const slider = find("slider");
  const copy = find("copy");
  let at = -1;
  const lists = Array.from(document.querySelectorAll("#panel .list"));
  function fill(list, texts) {
    const isNested = list.classList.contains("nested");
    list.replaceChildren.apply(list, (texts.length ? texts : [list.dataset.none]).map(function (text, depth) {
      const item = document.createElement("li");
      item.textContent = isNested ? "\u00a0".repeat(2 * depth) + text : text;
      return item;
    }));
  }
  function valueBefore(step, quantity) {
    for (let i = step - 1; i >= 0; i--) {
      if (data.steps[i].values[quantity] !== null) {
        return data.steps[i].values[quantity];
      }
    }
    return data.before[quantity];
  }
  function difference(from, to) {
    if (from === null || to === null || from === to) {
      return "";
    }
    const change = BigInt(to) - BigInt(from);
    return change > 0n ? "+" + change : "\u2212" + -change;
  }
  function scroll() {
    // The names stay at the top of the window and cover that much of it.
    const y = at * data.row;
    const room = drawing.clientHeight - heads.getBoundingClientRect().height;
    const least = y + 2 * data.row - room;
    const most = Math.max(y - data.row, 0);
    drawing.scrollTop = Math.min(Math.max(drawing.scrollTop, least), most);
  }
  function show(step, isQuiet) {
    const next = Math.min(Math.max(step, 0), rows.length - 1);
    if (next === at) {
      return;
    }
    if (at >= 0) {
      rows[at].classList.remove("now");
      rows[at].removeAttribute("aria-current");
    }
    at = next;
    rows[at].classList.add("now");
    rows[at].setAttribute("aria-current", "step");
    const now = data.steps[at];
    find("place").textContent = "step " + now.number + " of " + data.steps[data.steps.length - 1].number;
    find("who").textContent = now.who;
    find("phrase").textContent = now.phrase;
    find("margin").textContent = now.margin;
    find("margin").className = now.bad ? "bad" : "";
    find("message").textContent = now.message;
    lists.forEach(function (list) { fill(list, now[list.id]); });
    const values = find("values");
    if (values) {
      Array.from(values.querySelectorAll("tr")).forEach(function (row, i) {
        const before = valueBefore(at, i);
        const value = now.values[i] === null ? before : now.values[i];
        row.children[1].textContent = value === null ? "" : value;
        row.children[2].textContent = difference(before, value);
        row.className = before === value ? "" : "changed";
      });
    }
    slider.value = at;
    slider.setAttribute("aria-valuetext", find("place").textContent);
    find("first").disabled = find("prev").disabled = at === 0;
    find("last").disabled = find("next").disabled = at === rows.length - 1;
    if (!isQuiet) {
      scroll();
    }
  }
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === slider) {
      return;
    }
    const moves = { ArrowLeft: at - 1, k: at - 1, ArrowRight: at + 1, j: at + 1, Home: 0, End: rows.length - 1 };
    if (Object.hasOwn(moves, event.key)) {
      event.preventDefault();
      show(moves[event.key]);
    }
  }
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", function () {
      const command = find("command");
      const done = function () {
        copy.textContent = "Copied";
        setTimeout(function () { copy.textContent = "Copy"; }, 1500);
      };
      const byHand = function () {
        getSelection().selectAllChildren(command);
        if (document.execCommand("copy")) {
          done();
        }
      };
      if (navigator.clipboard) {
        navigator.clipboard.writeText(command.textContent).then(done, byHand);
      } else {
        byHand();
      }
    });
  }
  if (rows.length === 0) {
    return;
  }
  find("panel").hidden = false;
  find("first").addEventListener("click", function () { show(0); });
  find("prev").addEventListener("click", function () { show(at - 1); });
  find("next").addEventListener("click", function () { show(at + 1); });
  find("last").addEventListener("click", function () { show(rows.length - 1); });
  slider.addEventListener("input", function () { show(Number(slider.value)); });
  rows.forEach(function (row, i) { row.addEventListener("click", function () { show(i, true); }); });
  document.addEventListener("keydown", press);
  // #step-12 in the address points to a step.
  const wanted = /^#step-(\d+)$/.exec(location.hash);
  const index = wanted ? data.steps.findIndex(function (step) { return step.number === Number(wanted[1]); }) : 0;
  show(Math.max(index, 0));
}());
