// The page: reads the data, puts the parts together and draws a frame when something has changed.

const data = readData();
const grid = new Grid(data.positions);
const stage = element("stage");
const canvases = [element("points"), element("overlay")];
const pictures =
  data.images &&
  new Pictures(data.images, () => {
    card.drawPicture();
    invalidate();
  });
const card = new Card(data, pictures);
const overlay = new Overlay(canvases[1], data, grid, pictures);
const view = new View(invalidate);
const points =
  WebglPoints.on(canvases[0], data.positions, invalidate) ??
  new CanvasPoints(canvases[0], data.positions);
const shuffled = shuffle(data.n);
let theme;
let pending = null;
let matches = null; // of the search: a flag for each row
let rings = []; // rows

const legend = new Legend(data, choose);
const search = new Search(data, showFound, goTo);

// ---- Frames -------------------------------------------------------------------------------------

function invalidate() {
  pending ??= requestAnimationFrame(frame);
}

function frame() {
  pending = null;
  const style = pointStyle(data.n, view);
  points.draw(view, style);
  overlay.draw(view, style, theme, {
    shown: isShown,
    classShown: (code) => !legend.hidden[code] && (legend.pointedAt ?? code) === code,
    rings,
    focus: card.row,
  });
  card.place(view);
}

/** All rows in an order in which no class hides another; the same each time. */
function shuffle(n) {
  const rows = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 1;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return rows;
}

// ---- What is drawn, and how strongly ------------------------------------------------------------

function isShown(row) {
  const code = data.codes[row];
  if (legend.hidden[code]) return false;
  if (legend.pointedAt !== null) return code === legend.pointedAt;
  return !matches || matches[row] === 1;
}

/** Rows from the bottom up: faint ones, unlabelled ones, the others. */
function choose() {
  const layer = new Uint8Array(data.n); // 0 is hidden
  for (let row = 0; row < data.n; row++) {
    const code = data.codes[row];
    if (!legend.hidden[code]) layer[row] = isShown(row) ? (code === data.unlabelled ? 2 : 3) : 1;
  }
  const rows = new Uint32Array(data.n);
  let end = 0;
  let faint = 0;
  for (const wanted of [1, 2, 3]) {
    for (const row of shuffled) if (layer[row] === wanted) rows[end++] = row;
    if (wanted === 1) faint = end;
  }
  points.choose(rows.subarray(0, end), faint);
  if (card.row >= 0 && legend.hidden[data.codes[card.row]]) unpin();
  invalidate();
}

function paint() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  const lift = Number(read("--lift")); // dark colours are hard to see on dark paper
  const lifted = (hex) =>
    [1, 3, 5].map((i) => {
      const part = parseInt(hex.slice(i, i + 2), 16);
      return Math.round(part + (255 - part) * lift);
    });
  const unlabelled = [1, 3, 5].map((i) => parseInt(read("--unlabelled").slice(i, i + 2), 16));
  const palette = [...data.colors.map(lifted), unlabelled];
  theme = { paper: read("--paper"), ink: read("--ink"), css: palette.map((rgb) => `rgb(${rgb})`) };
  const rgba = new Uint8Array(4 * data.n).fill(255);
  for (let row = 0; row < data.n; row++) rgba.set(palette[data.codes[row]], 4 * row);
  points.color(rgba);
  legend.paint(theme.css);
  invalidate();
}

// ---- Pointing, searching ------------------------------------------------------------------------

function rowAt(sx, sy) {
  const [x, y] = view.toMap(sx, sy);
  const radius = Math.max(10, pointStyle(data.n, view).diameter / 2 + 3) / view.k;
  return grid.nearest(x, y, radius, (row) => !legend.hidden[data.codes[row]]);
}

function show(row, isPinned) {
  if (row === card.row && isPinned === card.isPinned) return;
  card.show(row, isPinned, theme.css[data.codes[row]]);
  clearTimeout(show.timer);
  // Told once the pointer rests, so that a screen reader is not flooded.
  show.timer = setTimeout(() => {
    element("live").textContent = row < 0 ? "" : card.text();
  }, 150);
  invalidate();
}

const unpin = () => show(-1, false);

function showFound(found, rows) {
  matches = found;
  rings = rows.length <= MOST_RINGS ? rows : [];
  if (card.isPinned) unpin();
  choose();
}

function goTo({ row, code }) {
  if (row !== undefined) {
    if (legend.hidden[data.codes[row]]) legend.set(() => 0);
    const [x, y] = data.positions.subarray(2 * row, 2 * row + 2);
    view.fly({ x, y, k: Math.max(view.k, 8 * view.home.k) });
    show(row, true);
    return;
  }
  const rows = shuffled.filter((other) => data.codes[other] === code);
  const middle = (axis) => {
    const sorted = Float32Array.from(rows, (other) => data.positions[2 * other + axis]).sort();
    // Stray points of the class would spoil the view.
    const [low, high] = [0.05, 0.95].map((part) => sorted[Math.floor(part * (sorted.length - 1))]);
    return [(low + high) / 2, high - low];
  };
  const [[x, width], [y, height]] = [middle(0), middle(1)];
  const k = 0.6 * Math.min(view.width / (width + 1e-3), view.height / (height + 1e-3));
  view.fly({ x, y, k: Math.min(k, 40 * view.home.k) });
  element("live").textContent = `${data.classes[code]}, ${counted(rows.length, "point")}`;
}

listen(stage, view, {
  onHover(sx, sy) {
    const row = rowAt(sx, sy);
    stage.classList.toggle("on-point", row >= 0);
    if (!card.isPinned) show(row, false);
  },
  onLeave() {
    if (!card.isPinned) unpin();
  },
  onClick(sx, sy) {
    const row = rowAt(sx, sy);
    show(row, row >= 0);
  },
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") unpin();
});
element("close").addEventListener("click", unpin);
element("in").addEventListener("click", () => view.zoom(1.5));
element("out").addEventListener("click", () => view.zoom(1 / 1.5));
element("home").addEventListener("click", () => view.goHome());

// ---- Window -------------------------------------------------------------------------------------

function resize() {
  const [width, height] = [innerWidth, innerHeight];
  for (const canvas of canvases) {
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
  }
  const header = element("header").getBoundingClientRect();
  const isNarrow = width <= 640;
  const margin = isNarrow ? 20 : 32;
  // The map lies below the header or beside it, whichever shows it larger.
  const right = width - margin - (isNarrow ? 0 : element("legend").offsetWidth);
  const rooms = [[margin, header.bottom + margin, right, height - 44 - margin]];
  if (!isNarrow) rooms.push([header.right + margin, margin, right, height - margin]);
  view.resize(width, height, devicePixelRatio, data.extent, rooms);
}

stage.dataset.renderer = points instanceof WebglPoints ? "webgl" : "canvas";
element("title").textContent = data.title;
element("summary").textContent = counted(data.n, "point");
stage.setAttribute("aria-label", `Map of ${counted(data.n, "point")}`);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
addEventListener("resize", resize);
resize();
choose();
paint();
