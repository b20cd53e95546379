// Small helpers: elements of the page, and numbers and texts as they are shown.

const element = (id) => document.getElementById(id);

function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

const counted = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const number = (value) => String(Number(value.toPrecision(4)));
const shortened = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);
