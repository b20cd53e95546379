// The layer above the points: names of classes, thumbnails or names of points, rings.

const FONT = 'system-ui, "Segoe UI", Roboto, "Open Sans", sans-serif';
const MAX_CANDIDATES = 4000; // rows that are considered for a thumbnail or a name in one frame
const MAX_NAMES = 120;

/** The occupied part of the screen, as disjoint boxes in a grid of cells of 64 by 64 pixels. */
class Occupancy {
  constructor() {
    this.boxes = new Map(); // cell: boxes that meet it
  }

  /** Occupy a box and return true, or return false if it overlaps an occupied one. */
  occupy(left, top, width, height) {
    const cells = [];
    for (let i = Math.floor(left / 64); i <= Math.floor((left + width) / 64); i++) {
      for (let j = Math.floor(top / 64); j <= Math.floor((top + height) / 64); j++) {
        cells.push(1000 * j + i);
      }
    }
    const overlaps = ([l, t, w, h]) =>
      left < l + w && l < left + width && top < t + h && t < top + height;
    if (cells.some((cell) => this.boxes.get(cell)?.some(overlaps))) return false;
    for (const cell of cells) {
      if (!this.boxes.has(cell)) this.boxes.set(cell, []);
      this.boxes.get(cell).push([left, top, width, height]);
    }
    return true;
  }
}

/** The thumbnails. They are on a few large images, sheets, which are decoded when first needed. */
class Thumbnails {
  constructor(images, onLoad) {
    Object.assign(this, images);
    this.onLoad = onLoad;
    this.loaded = new Map(); // number of the sheet: image
  }

  /** Sheet, place and size of a row's thumbnail; null if it has none or is not decoded yet. */
  find(row) {
    const width = this.sizes[2 * row];
    const height = this.sizes[2 * row + 1];
    const { columns } = this;
    const number = Math.floor(row / (columns * columns));
    if (!width) return null;
    if (!this.loaded.has(number)) {
      const sheet = new Image();
      sheet.onload = this.onLoad;
      sheet.src = `data:image/webp;base64,${readBlock(`sheet-${number}`)}`;
      this.loaded.set(number, sheet);
    }
    const sheet = this.loaded.get(number);
    if (!sheet.complete || !sheet.naturalWidth) return null;
    const index = row % (columns * columns);
    const tile = sheet.naturalWidth / columns;
    const left = (index % columns) * tile;
    return { sheet, left, top: Math.floor(index / columns) * tile, width, height };
  }

  /** Draw a row's thumbnail, if it is decoded, in a square with middle (x, y). */
  draw(context, row, x, y, side, border) {
    const found = this.find(row);
    if (!found) return;
    const scale = side / Math.max(found.width, found.height);
    const width = found.width * scale;
    const height = found.height * scale;
    if (border) {
      context.fillStyle = border;
      context.fillRect(x - width / 2 - 2, y - height / 2 - 2, width + 4, height + 4);
    }
    context.imageSmoothingEnabled = found.width > 24;
    context.imageSmoothingQuality = "high";
    context.drawImage(
      found.sheet,
      found.left,
      found.top,
      found.width,
      found.height,
      x - width / 2,
      y - height / 2,
      width,
      height,
    );
  }
}

class Overlay {
  constructor(canvas, data, grid, thumbnails) {
    Object.assign(this, { data, grid, thumbnails });
    this.context = canvas.getContext("2d");
    this.widths = new Map(); // cache of the widths of texts
    this.drawn = []; // boxes of names and thumbnails, with the row if they are those of a point
  }

  /**
   * Draw a frame.
   *
   * isShown(row): whether the row is drawn, and not faintly.
   * isClassShown(code): whether the name of the class is written.
   * isSearching: whether names of points are written even if they leave no room for others.
   * rings: rows to draw a ring around; focus: the row of the card, or -1.
   * panels: boxes of the panels, under which nothing is written.
   */
  draw(view, style, theme, { isShown, isClassShown, isSearching, rings, focus, panels }) {
    const { context, data } = this;
    context.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    const toScreen = (row) => view.toScreen(data.positions[2 * row], data.positions[2 * row + 1]);
    const occupancy = new Occupancy();
    this.drawn = [];
    for (const { left, top, width, height } of panels) occupancy.occupy(left, top, width, height);
    for (const row of rings) {
      this.drawRing(toScreen(row), style, theme.ink, 1.2);
    }
    if (focus >= 0) this.drawRing(toScreen(focus), style, theme.ink, 2.2);
    if (data.classes) this.writeClassNames(view, theme, occupancy, isClassShown);
    // Names of points would leave no room for those of classes, which tell more in a wide view.
    const isClose = view.k > 4 * view.home.k;
    if (this.thumbnails) this.drawThumbnails(view, theme, occupancy, toScreen, isShown);
    else if (data.names && (isClose || isSearching || !data.classes)) {
      const ringed = new Set([...rings, focus]);
      this.writeNames(view, style, theme, occupancy, toScreen, isShown, ringed);
    }
  }

  drawRing([x, y], style, color, width) {
    const { context } = this;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, style.diameter / 2 + 2 + width, 0, 7);
    context.stroke();
  }

  write(text, x, y, theme, font) {
    const { context } = this;
    Object.assign(context, {
      font,
      textAlign: "center",
      textBaseline: "middle",
      lineJoin: "round",
    });
    context.strokeStyle = theme.paper;
    context.globalAlpha = 0.8;
    context.lineWidth = 3.5;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillStyle = theme.ink;
    context.fillText(text, x, y);
  }

  measureWidth(text, font) {
    const key = font + text;
    if (!this.widths.has(key)) {
      this.context.font = font;
      this.widths.set(key, this.context.measureText(text).width);
    }
    return this.widths.get(key);
  }

  /** Write the names of classes at their islands (above a small class), the largest first. */
  writeClassNames(view, theme, occupancy, isClassShown) {
    const font = `600 13px ${FONT}`;
    for (const { code, place } of this.data.places) {
      const [x, y] = view.toScreen(...place);
      if (!isClassShown(code) || x < 0 || y < 0 || x > view.width || y > view.height) continue;
      const text = shorten(this.data.classes[code]);
      const width = this.measureWidth(text, font);
      // A name at the edge is moved inside.
      const left = clamp(x - width / 2, 4, view.width - width - 4);
      const top = clamp((this.data.counts[code] < 10 ? y - 15 : y) - 8, 2, view.height - 18);
      if (!occupancy.occupy(left, top, width, 16)) continue;
      this.write(text, left + width / 2, top + 8, theme, font);
      this.drawn.push({ left, top, width, height: 16 });
    }
  }

  /** Draw thumbnails over their points where there is room, once the view is close enough. */
  drawThumbnails(view, theme, occupancy, toScreen, isShown) {
    const spacing = (1.2 * view.k) / Math.sqrt(this.data.n);
    const side = Math.max(20, Math.min(64, spacing));
    if (spacing < 14) return;
    for (const row of this.grid.within(...view.box(side), MAX_CANDIDATES)) {
      if (!isShown(row) || !this.thumbnails.sizes[2 * row]) continue;
      const [x, y] = toScreen(row);
      const half = side / 2 + 3;
      if (!occupancy.occupy(x - half, y - half, 2 * half, 2 * half)) continue;
      this.thumbnails.draw(this.context, row, x, y, side, theme.css[this.data.codes[row]]);
      this.drawn.push({ left: x - half, top: y - half, width: 2 * half, height: 2 * half, row });
    }
  }

  /**
   * Write the names of points above them where there is room, in the order of the rows.
   *
   * At the upper edge of the window they are written below, at the sides they are moved inside.
   */
  writeNames(view, style, theme, occupancy, toScreen, isShown, ringed) {
    const font = `12px ${FONT}`;
    let remaining = MAX_NAMES;
    for (const row of this.grid.within(...view.box(), MAX_CANDIDATES)) {
      if (!isShown(row) || !this.data.names[row]) continue;
      const [x, y] = toScreen(row);
      const text = shorten(this.data.names[row]);
      const width = this.measureWidth(text, font);
      const left = clamp(x - width / 2, 4, view.width - width - 4);
      const radius = style.diameter / 2 + (ringed.has(row) ? 5 : 0);
      const above = y - radius - 15;
      const top = above < 2 ? y + radius + 2 : above;
      if (!occupancy.occupy(left - 6, top - 3, width + 12, 20)) continue;
      this.write(text, left + width / 2, top + 7, theme, font);
      this.drawn.push({ left, top, width, height: 14, row });
      if (--remaining === 0) return;
    }
  }
}
