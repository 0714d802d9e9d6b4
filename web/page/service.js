// Keeps the page's own files, so that it works without a network after the first visit. It asks for nothing else, ever.

const EDITION = "saoy-@VERSION@";
const FILES = ["./", "app.js", "labels.js", "texts.js", "view.js", "worker.js", "verifier.js", "style.css", "icon.svg", "saoy.wasm", "lists.json"];
const here = new URL("./", self.location);

async function keep() {
  const cache = await caches.open(EDITION);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  const lists = await (await cache.match("lists.json")).json();
  await cache.addAll(lists.map((file) => new Request(file, { cache: "reload" })));
  await self.skipWaiting();
}

async function forget() {
  for (const name of await caches.keys()) {
    if (name.startsWith("saoy-") && name !== EDITION) await caches.delete(name);
  }
  await self.clients.claim();
}

/** A status list grows old: the server's is taken where there is a network. */
async function newest(request) {
  const cache = await caches.open(EDITION);
  try {
    const answer = await fetch(request, { cache: "no-cache" });
    if (answer.ok) await cache.put(request, answer.clone());
    return answer.ok ? answer : ((await cache.match(request)) ?? answer);
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}

async function kept(request) {
  const cache = await caches.open(EDITION);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forget()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== here.origin || !url.pathname.startsWith(here.pathname)) return;
  const file = url.pathname.slice(here.pathname.length);
  event.respondWith(/^status-\d+$/.test(file) ? newest(request) : kept(file === "index.html" ? new Request(here) : request));
});
