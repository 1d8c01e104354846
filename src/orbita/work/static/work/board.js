// Deals by mouse, finger and keyboard; stages of the settings by mouse. Without this file the menus of
// the tiles and the buttons of the stages do the same.
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const board = document.querySelector("[data-board]");
const headers = () => ({ ...JSON.parse(document.body.getAttribute("hx-headers")), "X-Board": "1" });

function say(text, kind, undo) {
  const toast = document.createElement("div");
  toast.className = `o-toast ${kind}`;
  toast.dataset.fades = "";
  const words = document.createElement("span");
  words.textContent = text;
  toast.append(words);
  if (undo) {
    const button = document.createElement("button");
    button.className = "btn btn-sm";
    button.textContent = board.dataset.undo;
    button.addEventListener("click", () => { toast.remove(); undo(); });
    toast.append(button);
  }
  document.querySelector("#o-toasts").append(toast);
  setTimeout(() => { if (!toast.matches(":hover, :focus-within")) toast.remove(); }, 8000);
}

// ---- a tile goes to a column: at once on the screen, then for real, and back when it may not ----

const column = (stage) => document.querySelector(`[data-tiles="${stage}"]`);
const tileOf = (deal) => document.querySelector(`[data-deal="${deal}"]`);

function place(tile, stage) {
  const list = column(stage);
  if (!list) { tile.remove(); return; }
  if (tile.parentElement !== list) list.prepend(tile);
  count(tile.dataset.stage, -1);
  tile.dataset.stage = stage;
  count(stage, 1);
}

function count(stage, step) {
  const shown = document.querySelector(`[data-column="${stage}"] [data-count]`);
  if (shown) shown.textContent = Number(shown.textContent) + step;
}

function showHeads(heads) {
  for (const [stage, [count, sum]] of Object.entries(heads)) {
    const column = document.querySelector(`[data-column="${stage}"]`);
    if (!column) continue;
    column.querySelector("[data-count]").textContent = count;
    column.querySelector("[data-sum]").textContent = sum;
  }
}

async function move(tile, to) {
  const from = tile.dataset.stage;
  const deal = tile.dataset.deal;
  if (String(to) === from) return;
  const focused = tile.contains(document.activeElement);
  place(tile, to);
  tile.classList.add("is-moving");
  let response;
  try {
    const body = new URLSearchParams({ seen: from });
    response = await fetch(`/deals/${deal}/move/${to}/${location.search}`, { method: "POST", headers: headers(), body });
  } catch {
    place(tile, from);
    say(board.dataset.failed, "bad");
    return;
  } finally {
    tile.classList.remove("is-moving");
    if (focused) tile.querySelector("a.name")?.focus();
  }
  const json = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const answer = json ? await response.json() : {};
  if (response.ok) {
    showHeads(answer.heads);
    say(answer.message, "", answer.undo && (() => move(tileOf(deal) || tile, from)));
  } else if (response.status === 422 && answer.ask) {
    place(tile, from);
    ask(answer.ask);
  } else {
    place(tile, answer.stage || from);
    say(answer.message || board.dataset.failed, "bad");
  }
}

function ask(address) {
  const link = document.createElement("a");
  link.href = address;
  link.dataset.dialog = "";
  link.hidden = true;
  board.append(link);
  link.click();
  link.remove();
}

// ---- the menu of a tile ----

const menu = document.querySelector("#o-move-to");

function openMenu(button, tile) {
  const reopened = !menu.hidden && menu.parentElement === tile;
  closeMenu();
  if (reopened) return;
  tile.append(menu);
  for (const item of menu.children) item.hidden = item.dataset.to === tile.dataset.stage;
  menu.hidden = false;
  menu.scrollIntoView({ block: "nearest" });
  menu.querySelector("button:not([hidden])").focus();
}

function closeMenu() {
  if (menu) menu.hidden = true;
}

function walkMenu(event) {
  const items = $$("button:not([hidden])", menu);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  else if (event.key === "Escape") { const tile = menu.parentElement; closeMenu(); tile.querySelector("[data-move]").focus(); }
  else return;
  event.preventDefault();
}

if (board) {
  for (const tile of $$(".o-tile", board)) if (tile.querySelector("[data-move]")) tile.dataset.can = "";
  for (const list of $$("[data-tiles]", board)) {
    new Sortable(list, {
      group: "deals", draggable: "[data-can]", filter: ".move, .o-panel", preventOnFilter: false, sort: false,
      ghostClass: "is-ghost", animation: 120, delay: 250, delayOnTouchOnly: true, scrollSensitivity: 80,
      onEnd: ({ item, to }) => move(item, to.dataset.tiles),
    });
  }
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-move]");
    const chosen = event.target.closest("#o-move-to [data-to]");
    const tile = (asked || chosen)?.closest(".o-tile");
    if (asked) { event.preventDefault(); openMenu(asked, tile); return; }
    closeMenu();
    if (chosen) { tile.querySelector("a.name").focus(); move(tile, chosen.dataset.to); }
  });
  board.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".o-tile");
    if (menu && !menu.hidden) return walkMenu(event);
    if (!tile || !event.target.matches("a.name") || !event.key.startsWith("Arrow")) return;
    const lists = $$("[data-tiles]", board);
    const here = lists.indexOf(tile.parentElement);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.shiftKey) {
      const next = lists[here + step];
      if (next && "can" in tile.dataset) move(tile, next.dataset.tiles);
    } else if (step) {
      for (let at = here + step; lists[at]; at += step) {
        const first = lists[at].querySelector("a.name");
        if (first) { first.focus(); break; }
      }
    } else {
      const other = event.key === "ArrowUp" ? tile.previousElementSibling : tile.nextElementSibling;
      other?.querySelector("a.name")?.focus();
    }
    event.preventDefault();
  });
  document.querySelector("#o-who")?.addEventListener("change", (event) => event.target.form.requestSubmit());
}

// ---- stages of the settings ----

for (const list of $$("[data-stages]")) {
  for (const stage of list.children) stage.dataset.can = "";
  new Sortable(list, {
    draggable: "[data-can]", filter: "button, a", preventOnFilter: false, animation: 120, delay: 250, delayOnTouchOnly: true,
    onEnd: async ({ item, newIndex }) => {
      await fetch(`/settings/stages/${item.dataset.stageId}/place/${newIndex}/`, { method: "POST", headers: headers() });
      location.reload();
    },
  });
}
