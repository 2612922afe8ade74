// The engine of the laboratory. It runs here, beside the page, so that the page never waits for it.
import { dotnet } from "./_framework/dotnet.js";

// Work is done in pieces: what the reader presses comes in between.
const PIECE_MS = 25;
const SHOW_MS = 100;

let laboratory = null;
let isWorking = false;
const early = [];

function work() {
  isWorking = false;
  const shows = performance.now() - shown > SHOW_MS;
  let answer;
  try {
    answer = JSON.parse(laboratory.Work(PIECE_MS, shows));
  } catch (failure) {
    console.error(failure);
    postMessage({ failure: "This is a defect of the page: " + failure.message });
    return;
  }
  if (!answer.busy || Object.keys(answer.regions).length > 0) {
    shown = performance.now();
    postMessage({ answer: answer });
  }
  go(answer.busy);
}

let shown = 0;

const channel = new MessageChannel();
channel.port1.onmessage = work;
function go(isBusy) {
  if (isBusy && !isWorking) {
    isWorking = true;
    channel.port2.postMessage(0);
  }
}

function handle(event) {
  if (laboratory === null) {
    early.push(event);
    return;
  }
  let answer;
  try {
    answer = JSON.parse(laboratory.Handle(JSON.stringify(event.data.request)));
  } catch (failure) {
    console.error(failure);
    answer = { regions: {}, busy: false, error: "This is a defect of the page: " + failure.message };
  }
  postMessage({ id: event.data.id, answer: answer });
  go(answer.busy);
}

self.onmessage = handle;
try {
  const { getAssemblyExports, getConfig } = await dotnet.create();
  const names = await getAssemblyExports(getConfig().mainAssemblyName);
  laboratory = names.EpcActors.Web.Laboratory;
  postMessage({ ready: true });
  early.splice(0).forEach(handle);
} catch (failure) {
  postMessage({ failure: "The engine does not start: " + failure });
}
