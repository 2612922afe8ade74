// The desk of the reader: the engine's worker beside the page, requests to it, and its answers.
export const find = (id) => document.getElementById(id);
const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
const listeners = [];
let lastId = 0;

/** Asks the engine for something; the answer has been shown when it comes. */
export function ask(what, argument) {
  const id = ++lastId;
  worker.postMessage({ id: id, request: { do: what, arg: argument ?? "" } });
  return new Promise(function (done) {
    waiting.set(id, done);
    document.body.dataset.waiting = waiting.size;
  });
}

/** Has every answer shown by a function; its second argument is false for what work says by itself. */
export function listen(show) { listeners.push(show); }

export function say(text) { find("said").textContent = text; }
export function complain(text) {
  const wrong = find("wrong");
  wrong.textContent = text;
  wrong.hidden = text === "";
}

/** One of the views, or all of them hidden. */
export function view(name) {
  for (const id of ["list", "lab", "editor"]) {
    find(id).hidden = id !== name;
  }
}

worker.onmessage = function (event) {
  const { id, answer, ready, failure } = event.data;
  if (ready) {
    document.body.dataset.ready = "";
    performance.mark("ready");
    say("");
    return;
  }
  if (failure) {
    complain(failure);
    return;
  }
  const isReply = id !== undefined;
  if (isReply) {
    complain(answer.error ?? "");
  }
  listeners.forEach((show) => show(answer, isReply));
  waiting.get(id)?.(answer);
  waiting.delete(id);
  document.body.dataset.waiting = waiting.size;
};
worker.onerror = (event) => complain("The engine does not start: " + (event.message || "its script cannot be loaded"));
