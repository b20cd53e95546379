// The legend: the classes, which can be shown, hidden or highlighted, or the colour scale.

const MAX_LISTED = 500;
const MIN_FILTERED = 20; // number of classes from which they can be filtered

/**
 * hidden: a flag for each code, 1 if its points are hidden.
 * highlighted: the code under the pointer or with the focus of the keyboard, unless it is hidden;
 * or null.
 * onChange: called when one of them has changed.
 */
class Legend {
  constructor(data, onChange) {
    Object.assign(this, { data, onChange, pointed: null, names: [], css: [] });
    this.hidden = new Uint8Array(data.colors.length + 1);
    this.buttons = new Map(); // code: its button in the list
    const legend = element("legend");
    if (!data.classes && !data.range) return;
    legend.hidden = false;
    legend.open = !matchMedia("(max-width: 640px)").matches;
    const title = data.range ? "Scale" : formatCount(data.classes.length, "class", "classes");
    element("legend-title").textContent = data.legendTitle ?? title;
    if (data.range) this.showScale();
    else this.showClasses();
  }

  get highlighted() {
    return this.pointed !== null && !this.hidden[this.pointed] ? this.pointed : null;
  }

  showScale() {
    element("scale").hidden = false;
    element("bar").style.background = `linear-gradient(to right, ${this.data.colors})`;
    element("low").textContent = formatNumber(this.data.range[0]);
    element("high").textContent = formatNumber(this.data.range[1]);
  }

  showClasses() {
    const { data } = this;
    this.names = [...data.classes];
    if (data.counts[data.unlabelled]) this.names.push("unlabelled");
    element("all").hidden = false;
    element("all").addEventListener("click", () => {
      this.setHidden(() => 0);
      element("classes").querySelector("[tabindex='0']")?.focus(); // a disabled button has none
    });
    const filter = element("filter");
    filter.hidden = data.classes.length < MIN_FILTERED;
    filter.addEventListener("input", () => this.list());
    filter.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      filter.value = "";
      this.list();
    });
    element("classes").addEventListener("keydown", (event) => this.move(event));
    this.list();
  }

  /** List the classes whose names contain the text in the filter. */
  list() {
    const wanted = element("filter").value.trim().toLowerCase();
    const found = [...this.names.keys()].filter((code) =>
      this.names[code].toLowerCase().includes(wanted),
    );
    this.buttons.clear();
    const items = found.slice(0, MAX_LISTED).map((code) => this.makeItem(code));
    if (found.length > MAX_LISTED) {
      const more = formatCount(found.length - MAX_LISTED, "more", "more");
      items.push(makeElement("li", "more", `and ${more}: filter them`));
    } else if (!found.length) items.push(makeElement("li", "more", "No match"));
    element("classes").replaceChildren(...items);
    this.setReachable(items[0]);
  }

  /** An item of the list: a button that hides or shows a class, and one that hides all others. */
  makeItem(code) {
    const name = this.names[code];
    const button = makeElement("button", "class");
    button.type = "button";
    button.title = `Hide or show ${name}`;
    button.append(
      makeElement("span", "swatch"),
      makeElement("span", "name", name),
      makeElement("span", "count", this.data.counts[code].toLocaleString("en")),
    );
    button.addEventListener("click", () =>
      this.setHidden((other) => (other === code ? !this.hidden[code] : this.hidden[other])),
    );
    const only = makeElement("button", "only", "only");
    only.type = "button";
    only.setAttribute("aria-label", `Show only ${name}`);
    only.addEventListener("click", () => this.setHidden((other) => other !== code));
    const item = document.createElement("li");
    item.append(button, only);
    item.addEventListener("pointerenter", () => this.point(code));
    item.addEventListener("pointerleave", () => this.point(null));
    item.addEventListener("focusin", ({ target }) => {
      this.setReachable(item);
      if (target.matches(":focus-visible")) this.point(code);
    });
    item.addEventListener("focusout", () => this.point(null));
    this.buttons.set(code, button);
    this.paint(code);
    return item;
  }

  /** Let Tab reach the buttons of one item alone; the arrow keys go on from there. */
  setReachable(reachable) {
    for (const item of element("classes").children) {
      for (const button of item.children) button.tabIndex = item === reachable ? 0 : -1;
    }
  }

  /** Move the focus to another class by the arrow keys, Home and End. */
  move(event) {
    const item = event.target.closest("li");
    const to = {
      ArrowUp: item?.previousElementSibling,
      ArrowDown: item?.nextElementSibling,
      Home: element("classes").firstElementChild,
      End: [...this.buttons.values()].at(-1)?.parentElement,
    }[event.key];
    const button = to?.querySelector(`.${event.target.classList[0]}`);
    if (!button) return;
    event.preventDefault();
    button.focus();
  }

  /** Hide the codes for which `isHidden(code)` holds, and show all others. */
  setHidden(isHidden) {
    this.hidden = this.hidden.map((_, code) => (isHidden(code) ? 1 : 0));
    for (const code of this.buttons.keys()) this.paint(code);
    // Not hidden: the list would move under the pointer.
    element("all").disabled = !this.hidden.some(Boolean);
    this.onChange();
  }

  /** Note the code under the pointer, or null. */
  point(code) {
    this.pointed = code;
    this.onChange();
  }

  setColors(css) {
    this.css = css;
    for (const code of this.buttons.keys()) this.paint(code);
  }

  /** Show on the button of a class its colour and whether it is hidden. */
  paint(code) {
    const button = this.buttons.get(code);
    button.setAttribute("aria-pressed", String(!this.hidden[code]));
    button.querySelector(".swatch").style.background = this.css[code] ?? "";
  }
}
