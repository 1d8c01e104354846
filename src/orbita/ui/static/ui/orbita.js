// Progressive enhancement only: every page shows its data and works without this file.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

document.documentElement.classList.add("js");

// ---- single keys, which a person may switch off (WCAG 2.1.4) ----

const KEYS = "orbita-single-keys";
const remembered = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* private window */ } },
};
const singleKeys = () => remembered.get(KEYS) !== "off";

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
    && !["checkbox", "radio", "button", "submit"].includes(target.type);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openSearch();
  }
  if (event.key === "Escape") return escape(event);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (!singleKeys() || $("dialog[open]")) return;
  // By position too, so that the keys work on a Russian layout.
  const key = event.key === "?" || event.key === "/" ? event.key : event.code;
  const action = {
    "/": openSearch, Slash: event.shiftKey ? openHelp : openSearch, "?": openHelp,
    KeyC: openCreate, KeyJ: () => moveRow(1), KeyK: () => moveRow(-1), KeyX: selectRow,
    Enter: () => !event.target.closest("a, button, summary, input") && openRow(),
  }[key];
  if (action && action() !== false) event.preventDefault();
});

function openSearch() {
  const input = $("#o-search");
  if (!input) return false;
  input.focus();
  input.select();
}

function openHelp() {
  $("#o-help")?.showModal();
}

function openCreate() {
  const menu = $("#o-create");
  if (!menu) return false;
  menu.open = true;
  $("a", menu)?.focus();
}

function escape(event) {
  const hits = $("#o-hits");
  if (hits?.childElementCount) { closeHits(); return; }
  const menu = $("details.o-menu[open]");
  if (menu) { menu.open = false; $("summary", menu).focus(); return; }
  const editor = event.target.closest?.(".edit");
  if (editor && kept.has(editor)) { restore(editor); return; }
  if (!$("dialog[open]") && picked().length) clearSelection();
}

// ---- menus: one open at a time, arrows inside, closed from outside ----

document.addEventListener("toggle", (event) => {
  if (!event.target.matches("details.o-menu") || !event.target.open) return;
  for (const other of $$("details.o-menu[open]")) if (other !== event.target) other.open = false;
}, true);

document.addEventListener("click", (event) => {
  for (const menu of $$("details.o-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (!event.target.closest(".o-search")) closeHits();
  const closed = event.target.closest("[data-close]")?.closest("dialog");
  if (closed) { event.preventDefault(); closed.close(); }
  if (event.target.matches("dialog")) event.target.close();
  if (event.target.closest("[data-dismiss]")) event.target.closest(".o-toast").remove();
});

document.addEventListener("keydown", (event) => {
  const panel = event.target.closest?.("details.o-menu[open]");
  if (!panel || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = $$(".o-panel :is(a, button, input)", panel).filter((item) => item.offsetParent);
  const at = items.indexOf(event.target);
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
});

// ---- search box: a combobox whose options are links ----

const search = $("#o-search");

function closeHits() {
  const hits = $("#o-hits");
  if (!hits || !search) return;
  hits.replaceChildren();
  search.setAttribute("aria-expanded", "false");
  search.removeAttribute("aria-activedescendant");
}

if (search) {
  search.addEventListener("focus", () => search.dispatchEvent(new Event("open")));
  search.addEventListener("keydown", (event) => {
    const options = $$("#o-hits a[role=option]");
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (["ArrowDown", "ArrowUp"].includes(event.key) && options.length) {
      event.preventDefault();
      const next = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
      options[at]?.setAttribute("aria-selected", "false");
      options[next].setAttribute("aria-selected", "true");
      options[next].scrollIntoView({ block: "nearest" });
      search.setAttribute("aria-activedescendant", options[next].id);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      options[at].click();
    } else if (event.key === "Tab") {
      closeHits();
    }
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "o-hits") return;
    if (document.activeElement !== search) return closeHits();
    search.setAttribute("aria-expanded", "true");
    search.removeAttribute("aria-activedescendant");
  });
}

// ---- toasts ----

function armToasts() {
  for (const button of $$(".o-toast [data-dismiss][hidden]")) button.hidden = false;
  for (const toast of $$(".o-toast[data-fades]")) {
    toast.removeAttribute("data-fades");
    setTimeout(() => { if (!toast.matches(":hover, :focus-within")) toast.remove(); }, 8000);
  }
}
armToasts();
document.body.addEventListener("htmx:afterSettle", armToasts);
document.body.addEventListener("htmx:oobAfterSwap", armToasts);

function say(text, kind = "") {
  const box = $("#o-toasts");
  if (!box || !text) return;
  const toast = document.createElement("div");
  toast.className = `o-toast ${kind}`;
  toast.dataset.fades = "";
  const words = document.createElement("span");
  words.textContent = text;
  toast.append(words);
  box.append(toast);
  armToasts();
}
document.body.addEventListener("htmx:responseError", (event) => {
  const response = event.detail.xhr;
  const plain = (response.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  say(plain ? response.responseText : `${response.status}`, "bad");
});
// A form with errors comes back as 422 and takes the place of the old one.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
});

// ---- copies and prints: counted, and said so once a day ----

const MUCH = 300; // characters: a name or a phone is copied all day long

function countCopy() {
  const { copied, copiedHint } = $("#main").dataset;
  if (!copied) return;
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  fetch(copied, { method: "POST", headers, keepalive: true }).catch(() => { /* counted when it can be */ });
  const today = new Date().toDateString();
  if (remembered.get("orbita-copy-told") === today) return;
  remembered.set("orbita-copy-told", today);
  say(copiedHint);
}
document.addEventListener("copy", (event) => {
  if (!isTyping(event.target) && String(getSelection()).length > MUCH) countCopy();
});
addEventListener("beforeprint", countCopy);

// ---- dialogs: a link with data-dialog opens its page inside one ----

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const menu = link.closest("details.o-menu");
  if (menu) menu.open = false;
  htmx.ajax("GET", link.href, { target: "#o-dialog-body", swap: "innerHTML" }).then(() => {
    const dialog = $("#o-dialog");
    if (!dialog.open && $("#o-dialog-body").childElementCount) dialog.showModal();
    ($("[autofocus], [aria-invalid=true], .form-control", dialog) || dialog).focus();
  });
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest("#o-dialog-body") || form.method !== "post" || form.matches("[hx-post], [data-whole]")) return;
  event.preventDefault();
  const values = {};
  for (const [name, value] of new FormData(form, event.submitter)) (values[name] ??= []).push(value);
  htmx.ajax("POST", form.getAttribute("action") || $("#o-dialog-body").dataset.address, {
    source: form, target: "#o-dialog-body", swap: "innerHTML", values,
  });
});
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.target?.id !== "o-dialog-body" || event.detail.verb !== "get") return;
  event.detail.target.dataset.address = event.detail.path;
});

// ---- focus what needs it ----

$("[data-focus]")?.focus();

// ---- rows: j and k, x, Enter, a click anywhere ----

const rows = () => $$("table[data-list] tbody tr");
const current = () => $("table[data-list] tr.is-at");

function moveRow(step) {
  const all = rows();
  if (!all.length) return false;
  const next = all[Math.min(Math.max(all.indexOf(current()) + step, 0), all.length - 1)];
  current()?.classList.remove("is-at");
  next.classList.add("is-at");
  next.scrollIntoView({ block: "nearest" });
  $("a", next)?.focus({ preventScroll: true });
}

function openRow() {
  const link = $(".c-name a", current() || document.createElement("tr"));
  if (!link) return false;
  link.click();
}

function selectRow() {
  const box = $("input[name=ids]", current() || document.createElement("tr"));
  if (!box) return false;
  box.click();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("table[data-list] tbody tr");
  if (!row || event.target.closest("a, button, input, label, summary") || getSelection().toString()) return;
  if (event.target.closest(".c-sel")) { $("input", row)?.click(); return; }
  const link = $(".c-name a", row);
  if (!link) return;
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});

// ---- selection and the bulk bar ----

const picked = () => $$("input[name=ids]:checked");
let lastBox = null;

function showSelection() {
  const bar = $("#o-bulk");
  if (!bar) return;
  const boxes = $$("input[name=ids]");
  const chosen = picked();
  const every = $("input[name=all]", bar);
  if (chosen.length < boxes.length && every) every.value = "";
  for (const box of boxes) box.closest("tr").setAttribute("aria-selected", box.checked);
  bar.classList.toggle("is-on", chosen.length > 0);
  const whole = every?.value === "1";
  $("[data-count]", bar).textContent = whole
    ? bar.dataset.whole : bar.dataset.some.replace("0", chosen.length);
  const offer = $("[data-every]", bar);
  if (offer) offer.hidden = whole || chosen.length < boxes.length;
  const head = $("#o-all");
  if (head) {
    head.checked = chosen.length > 0 && chosen.length === boxes.length;
    head.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
  }
}

function clearSelection() {
  for (const box of picked()) box.checked = false;
  const every = $("#o-bulk input[name=all]");
  if (every) every.value = "";
  showSelection();
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.matches?.("input[name=ids]")) {
    const boxes = $$("input[name=ids]");
    if (event.shiftKey && lastBox) {
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    lastBox = box;
    showSelection();
  } else if (box.id === "o-all") {
    for (const each of $$("input[name=ids]")) each.checked = box.checked;
    showSelection();
  } else if (box.closest?.("[data-every]")) {
    $("#o-bulk input[name=all]").value = "1";
    for (const each of $$("input[name=ids]")) each.checked = true;
    showSelection();
  } else if (box.closest?.("[data-clear]")) {
    clearSelection();
  }
});
document.body.addEventListener("htmx:afterSettle", showSelection);
showSelection();

// On a phone the boxes are hidden: a long press selects a row, and then each tap does.
let press = 0;
document.addEventListener("pointerdown", (event) => {
  const row = event.target.closest?.("table[data-list] tbody tr");
  if (event.pointerType !== "touch" || !row) return;
  press = setTimeout(() => { press = 0; $("input[name=ids]", row)?.click(); }, 500);
});
for (const kind of ["pointerup", "pointercancel", "pointermove"]) document.addEventListener(kind, () => clearTimeout(press));
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("table[data-list] tbody tr");
  if (!row || !matchMedia("(max-width: 720px)").matches) return;
  if (event.target.closest("input, .c-call") || !picked().length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (press) $("input[name=ids]", row)?.click();
}, true);
document.addEventListener("contextmenu", (event) => {
  if (matchMedia("(max-width: 720px)").matches && event.target.closest("table[data-list] tbody tr")) event.preventDefault();
});

// ---- a value that turns into a field in place; Esc brings the value back ----

const kept = new WeakMap();

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const place = event.detail.target;
  if (!event.detail.requestConfig.elt.matches("a.o-edit")) return;
  kept.set(place, [...place.childNodes].map((node) => node.cloneNode(true)));
  place.classList.add("edit");
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  const place = event.detail.target;
  if (!place?.classList.contains("edit")) return;
  const field = $(".form-control, input:not([type=hidden])", place);
  if (field) { field.focus(); field.select?.(); } else place.classList.remove("edit");
});

function restore(place) {
  place.replaceChildren(...kept.get(place));
  kept.delete(place);
  place.classList.remove("edit");
  htmx.process(place);
  $("a", place)?.focus();
}
document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-cancel]")?.closest(".edit");
  if (place && kept.has(place)) { event.preventDefault(); restore(place); }
});

// ---- forms ----

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
// A second click on a slow button must not send the form twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 4000);
});

// ---- files dropped on a form ----

for (const zone of $$(".o-drop")) {
  const input = $("input[type=file]", zone);
  const name = $("[data-file-name]", zone);
  const show = () => {
    if (!input.files.length) return;
    if (name) name.textContent = [...input.files].map((file) => file.name).join(", ");
    if (zone.hasAttribute("data-sends")) input.form.requestSubmit();
  };
  input.addEventListener("change", show);
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    show();
  });
}
// A file dropped beside the zone would replace the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => {
  if ($(".o-drop")) event.preventDefault();
});

const keysBox = $("#o-keys-on");
if (keysBox) {
  keysBox.checked = singleKeys();
  keysBox.addEventListener("change", () => remembered.set(KEYS, keysBox.checked ? "on" : "off"));
}
