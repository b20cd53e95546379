// The legend: the classes, which can be shown, hidden or highlighted, or the colour scale.

const MAX_LISTED = 500;

/**
 * hidden: a flag for each code, 1 if its points are hidden.
 * highlighted: the code under the pointer, or null.
 * onChange: called when one of them has changed.
 */
class Legend {
  constructor(data, onChange) {
    Object.assign(this, { data, onChange, highlighted: null });
    this.hidden = new Uint8Array(data.colors.length + 1);
    this.buttons = new Map();
    const legend = element("legend");
    if (!data.classes && !data.range) return;
    legend.hidden = false;
    legend.open = !matchMedia("(max-width: 640px)").matches;
    element("legend-title").textContent = data.range ? "Scale" : `${data.classes.length} classes`;
    if (data.range) this.showScale();
    else this.listClasses();
    element("all").addEventListener("click", () => this.setHidden(() => 0));
  }

  showScale() {
    element("scale").hidden = false;
    element("bar").style.background = `linear-gradient(to right, ${this.data.colors})`;
    element("low").textContent = formatNumber(this.data.range[0]);
    element("high").textContent = formatNumber(this.data.range[1]);
  }

  listClasses() {
    const { data } = this;
    const names = [...data.classes];
    if (data.counts[data.unlabelled]) names.push("unlabelled");
    names.slice(0, MAX_LISTED).forEach((name, code) => {
      const button = makeElement("button", "class");
      button.type = "button";
      button.title = `Hide or show ${name}`;
      button.append(
        makeElement("span", "swatch"),
        makeElement("span", "name", name),
        makeElement("span", "count", data.counts[code].toLocaleString("en")),
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
      item.addEventListener("pointerenter", () => this.highlight(code));
      item.addEventListener("pointerleave", () => this.highlight(null));
      element("classes").append(item);
      button.setAttribute("aria-pressed", "true");
      this.buttons.set(code, button);
    });
    if (names.length > MAX_LISTED) {
      const more = `and ${formatCount(names.length - MAX_LISTED, "more", "more")}: search for them`;
      element("classes").append(makeElement("li", "more", more));
    }
  }

  /** Hide the codes for which `isHidden(code)` holds, and show all others. */
  setHidden(isHidden) {
    this.hidden = this.hidden.map((_, code) => (isHidden(code) ? 1 : 0));
    for (const [code, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(!this.hidden[code]));
    }
    element("all").hidden = !this.hidden.some(Boolean);
    this.onChange();
  }

  highlight(code) {
    this.highlighted = code !== null && !this.hidden[code] ? code : null;
    this.onChange();
  }

  setColors(css) {
    for (const [code, button] of this.buttons) {
      button.querySelector(".swatch").style.background = css[code];
    }
  }
}
