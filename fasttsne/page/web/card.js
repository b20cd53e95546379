// The card of a point: its name, label and picture, beside the point that is hovered or pinned.

class Card {
  constructor(data, pictures) {
    Object.assign(this, { data, pictures, row: -1, isPinned: false });
    this.root = element("card");
  }

  show(row, isPinned, color) {
    const { data } = this;
    if (row === this.row && isPinned === this.isPinned) return;
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
    this.drawPicture();
  }

  /** Also called when a sheet has been decoded. */
  drawPicture() {
    const canvas = element("picture");
    canvas.hidden = this.row < 0 || !this.pictures?.find(this.row);
    if (canvas.hidden) return;
    const { width, height } = this.pictures.find(this.row);
    const side = Math.min(160, Math.max(96, Math.max(width, height)));
    const scale = side / Math.max(width, height);
    canvas.style.width = `${width * scale}px`;
    canvas.style.height = `${height * scale}px`;
    canvas.width = width * scale * devicePixelRatio;
    canvas.height = height * scale * devicePixelRatio;
    this.pictures.draw(
      canvas.getContext("2d"),
      this.row,
      canvas.width / 2,
      canvas.height / 2,
      Math.max(canvas.width, canvas.height),
    );
  }

  /** To the right of the point or, where there is no room, to the left, below or above. */
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
    const inside = (place, most) => Math.round(Math.max(8, Math.min(most, place)));
    left = inside(left, view.width - width - 8);
    top = inside(top, view.height - height - 8);
    this.root.style.transform = `translate(${left}px, ${top}px)`;
    const isOutside = x < 0 || y < 0 || x > view.width || y > view.height;
    this.root.style.visibility = isOutside ? "hidden" : "visible";
  }

  text() {
    const { data, row } = this;
    return [data.names?.[row], data.labelOf(row), `row ${row}`].filter(Boolean).join(", ");
  }
}
