// Keeps the page for times without a network. What the network has is newer, so it is asked first.
const version = "VERSION_OF_THE_SITE";
const files = "FILES_OF_THE_SITE".split(";");

self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(["./", ...files])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", function (event) {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()));
});
self.addEventListener("fetch", function (event) {
  if (event.request.method === "GET" && new URL(event.request.url).origin === location.origin) {
    event.respondWith(fetch(event.request).catch(async function (failure) {
      const kept = await caches.match(event.request, { ignoreSearch: true });
      if (kept) {
        return kept;
      }
      throw failure;
    }));
  }
});
