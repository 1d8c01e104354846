// The order form works without this. It keeps a price that is being typed from being overwritten
// by the catalogue's price, which the server sends when the product is chosen.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const cell = event.detail.target;
  if (!cell?.id?.startsWith("o-price-")) return;
  const input = cell.querySelector("input");
  if (input && (input.value.trim() || cell.contains(document.activeElement))) {
    event.detail.shouldSwap = false;
  }
});
