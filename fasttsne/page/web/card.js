// The card: name, label and thumbnail of the point under the pointer. A click on a point pins its
// card, which then stays.

class Card {
  constructor(data, thumbnails) {
    Object.assign(this, { data, thumbnails, row: -1, isPinned: false });
    this.root = element("card");
  }

  /** Show the card of a row, or hide it if the row is -1. */
  show(row, isPinned, color) {
    const { data } = this;
    this.row = row;
    this.isPinned = isPinned;
    this.root.hidden = row < 0;
    this.root.classList.toggle("pinned", isPinned);
    if (row < 0) return;
    const label = data.labelOf(row);
    element("name").textContent = data.names?.[row] ?? "";
    element("name").hidden = !data.names?.[row];
    element("label").hidden = !label;
    element("label-text").textContent = label;
    element("chip").style.background = color;
    element("row").textContent = `#${row}`;
    this.drawThumbnail();
  }

  /** Draw the thumbnail if it is decoded. Called again when a sheet has been decoded. */
  drawThumbnail() {
    const canvas = element("picture");
    canvas.hidden = this.row < 0 || !this.thumbnails?.find(this.row);
    if (canvas.hidden) return;
    const { width, height } = this.thumbnails.find(this.row);
    const side = Math.min(160, Math.max(96, Math.max(width, height)));
    const scale = side / Math.max(width, height);
    canvas.style.width = `${width * scale}px`;
    canvas.style.height = `${height * scale}px`;
    canvas.width = width * scale * devicePixelRatio;
    canvas.height = height * scale * devicePixelRatio;
    this.thumbnails.draw(
      canvas.getContext("2d"),
      this.row,
      canvas.width / 2,
      canvas.height / 2,
      Math.max(canvas.width, canvas.height),
    );
  }

  /** Place the card to the right of the point or, if there is no room, left, below or above. */
  place(view) {
    if (this.row < 0) return;
    const [x, y] = view.toScreen(...this.data.positions.subarray(2 * this.row, 2 * this.row + 2));
    const { offsetWidth: width, offsetHeight: height } = this.root;
    let [left, top] = [x + 16, y - height / 2];
    if (left + width > view.width - 8) left = x - 16 - width;
    if (left < 8) {
      left = x - width / 2;
      top = y + 16 + height < view.height - 8 ? y + 16 : y - 16 - height;
    }
    const clamp = (position, limit) => Math.round(Math.max(8, Math.min(limit, position)));
    left = clamp(left, view.width - width - 8);
    top = clamp(top, view.height - height - 8);
    this.root.style.transform = `translate(${left}px, ${top}px)`;
    const isOutside = x < 0 || y < 0 || x > view.width || y > view.height;
    this.root.style.visibility = isOutside ? "hidden" : "visible";
  }

  /** The content of the card as text, for screen readers. */
  text() {
    const { data, row } = this;
    return [data.names?.[row], data.labelOf(row), `row ${row}`].filter(Boolean).join(", ");
  }
}
