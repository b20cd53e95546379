// Helpers: elements of the page, the format of numbers and texts, and colours.

const element = (id) => document.getElementById(id);

function makeElement(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** "1 point", "2,000 points". */
const formatCount = (n, one, many = `${one}s`) =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
/** Whole numbers, such as those of frames, as they are; others with four digits. */
const formatNumber = (value) =>
  String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const shorten = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);

/** Red, green and blue, 0 to 255, of "#rrggbb". */
const hexToRgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
