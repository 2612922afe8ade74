// Files in and out: dropped, picked, pasted, saved, copied.
import { ask, complain, find, say } from "./desk.js";

const heading = "# EpcActors schedule";

export async function copy(text, done) {
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

export function save(name, text, said) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say("Saved " + name + ". " + said);
}

/** Opens texts of files: the first one, and a second schedule beside it. */
async function take(texts, isBeside) {
  for (const [i, text] of texts.entries()) {
    const answer = await ask(isBeside || (i > 0 && text.startsWith(heading)) ? "beside" : "file", text);
    if (answer.error) {
      return;
    }
  }
  const target = isBeside || texts.length > 1 ? find("compare") : null;
  target?.scrollIntoView({ block: "nearest" });
}

async function read(files, isBeside) {
  try {
    await take(await Promise.all(Array.from(files, (file) => file.text())), isBeside);
  } catch (failure) {
    complain("The file cannot be read: " + failure.message);
  }
}

let picksBeside = false;
/** Lets the reader pick files. */
export function pick(isBeside) {
  picksBeside = isBeside;
  find("file").value = "";
  find("file").click();
}
find("file").addEventListener("change", () => read(find("file").files, picksBeside));
find("pick").addEventListener("click", () => pick(false));

/** Lets the reader paste the text of a schedule. */
export function paste() {
  find("paste-text").value = "";
  find("paste").showModal();
}
find("paste").addEventListener("close", function () {
  if (find("paste").returnValue === "beside" && find("paste-text").value.trim() !== "") {
    take([find("paste-text").value], true);
  }
});
document.addEventListener("paste", function (event) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!event.target.closest?.("input, textarea") && text.startsWith(heading)) {
    event.preventDefault();
    take([text], false);
  }
});

// A drop anywhere opens; a drop on the comparison puts beside. Without preventDefault the browser would leave the page.
document.addEventListener("dragover", function (event) {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", function (event) {
  if (event.relatedTarget === null) {
    document.body.classList.remove("dropping");
  }
});
document.addEventListener("drop", function (event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const isBeside = Boolean(event.target.closest?.("#compare"));
  if (event.dataTransfer.files.length > 0) {
    read(event.dataTransfer.files, isBeside);
  } else if (event.dataTransfer.getData("text/plain") !== "") {
    take([event.dataTransfer.getData("text/plain")], isBeside);
  }
});
