// What lies over the points: pictures and texts of single points, names of classes, rings.

const FONT = 'system-ui, "Segoe UI", Roboto, "Open Sans", sans-serif';
const MOST_LOOKED_AT = 4000; // rows that may get a picture or a text in a frame
const MOST_TEXTS = 120;
const MOST_RINGS = 300;

/** Boxes on the screen, none of which may lie on another: who comes first stays. */
class Room {
  constructor() {
    this.boxes = new Map();
  }

  /** Take a box if it is free. */
  take(left, top, width, height) {
    const cells = [];
    for (let i = Math.floor(left / 64); i <= Math.floor((left + width) / 64); i++) {
      for (let j = Math.floor(top / 64); j <= Math.floor((top + height) / 64); j++) {
        cells.push(1000 * j + i);
      }
    }
    const meets = ([l, t, w, h]) =>
      left < l + w && l < left + width && top < t + h && t < top + height;
    if (cells.some((cell) => this.boxes.get(cell)?.some(meets))) return false;
    for (const cell of cells) {
      if (!this.boxes.has(cell)) this.boxes.set(cell, []);
      this.boxes.get(cell).push([left, top, width, height]);
    }
    return true;
  }
}

/** Thumbnails on a few large sheets, each of which is decoded when it is first needed. */
class Pictures {
  constructor(images, onLoad) {
    Object.assign(this, images);
    this.onLoad = onLoad;
    this.loaded = new Map();
  }

  /** Sheet and place of a row's picture; null where it has none or the sheet is still decoded. */
  find(row) {
    const width = this.sizes[2 * row];
    const height = this.sizes[2 * row + 1];
    const { columns } = this;
    const number = Math.floor(row / (columns * columns));
    if (!width) return null;
    if (!this.loaded.has(number)) {
      const sheet = new Image();
      sheet.onload = this.onLoad;
      sheet.src = `data:image/webp;base64,${block(`sheet-${number}`)}`;
      this.loaded.set(number, sheet);
    }
    const sheet = this.loaded.get(number);
    if (!sheet.complete || !sheet.naturalWidth) return null;
    const place = row % (columns * columns);
    const tile = sheet.naturalWidth / columns;
    const left = (place % columns) * tile;
    return { sheet, left, top: Math.floor(place / columns) * tile, width, height };
  }

  /** Draw a row's picture into a square of `side` about (x, y); tell whether there is one. */
  draw(context, row, x, y, side, border) {
    const found = this.find(row);
    if (!found) return false;
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
    return true;
  }
}

class Overlay {
  constructor(canvas, data, grid, pictures) {
    Object.assign(this, { data, grid, pictures });
    this.context = canvas.getContext("2d");
    this.widths = new Map();
  }

  /** `shown` tells of a row whether it is to be seen strongly; `rings` are rows. */
  draw(view, style, theme, { shown, classShown, rings, focus }) {
    const { context, data } = this;
    context.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    const at = (row) => view.toScreen(data.positions[2 * row], data.positions[2 * row + 1]);
    const room = new Room();
    for (const row of rings.slice(0, MOST_RINGS)) this.ring(at(row), style, theme.ink, 1.2);
    if (focus >= 0) this.ring(at(focus), style, theme.ink, 2.2);
    if (data.classes) this.classNames(view, theme, room, classShown);
    const isClose = view.k > 4 * view.home.k; // farther away, names of classes tell more
    if (this.pictures) this.thumbnails(view, theme, room, at, shown);
    else if (data.names && (isClose || !data.classes)) {
      this.texts(view, style, theme, room, at, shown);
    }
  }

  ring([x, y], style, color, width) {
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

  width(text, font) {
    const key = font + text;
    if (!this.widths.has(key)) {
      this.context.font = font;
      this.widths.set(key, this.context.measureText(text).width);
    }
    return this.widths.get(key);
  }

  /** The name of each class where it is densest (above a class of few), largest classes first. */
  classNames(view, theme, room, classShown) {
    const font = `600 13px ${FONT}`;
    for (const { code, place } of this.data.places) {
      const [x, middle] = view.toScreen(...place);
      const y = this.data.counts[code] < 10 ? middle - 15 : middle;
      if (!classShown(code) || x < -99 || y < -9 || x > view.width + 99 || y > view.height + 9) {
        continue;
      }
      const text = shortened(this.data.classes[code]);
      const width = this.width(text, font);
      if (room.take(x - width / 2, y - 8, width, 16)) this.write(text, x, y, theme, font);
    }
  }

  /** Pictures in place of points, once there is room for them. */
  thumbnails(view, theme, room, at, shown) {
    const spacing = (1.2 * view.k) / Math.sqrt(this.data.n);
    const side = Math.max(20, Math.min(64, spacing));
    if (spacing < 14) return;
    for (const row of this.grid.within(...view.box(side), MOST_LOOKED_AT)) {
      if (!shown(row) || !this.pictures.sizes[2 * row]) continue;
      const [x, y] = at(row);
      const half = side / 2 + 3;
      if (!room.take(x - half, y - half, 2 * half, 2 * half)) continue;
      this.pictures.draw(this.context, row, x, y, side, theme.css[this.data.codes[row]]);
    }
  }

  /** Texts beside points where there is room; rows that come first have the first choice. */
  texts(view, style, theme, room, at, shown) {
    const font = `12px ${FONT}`;
    let left = MOST_TEXTS;
    for (const row of this.grid.within(...view.box(), MOST_LOOKED_AT)) {
      if (!shown(row) || !this.data.names[row]) continue;
      const [x, y] = at(row);
      const text = shortened(this.data.names[row]);
      const width = this.width(text, font);
      const top = y - style.diameter / 2 - 15;
      if (!room.take(x - width / 2 - 6, top - 3, width + 12, 20)) continue;
      this.write(text, x, top + 7, theme, font);
      if (--left === 0) return;
    }
  }
}
