// The points: by WebGL, or on a 2-D canvas where there is none. Both take the colours of all rows,
// the rows to draw (the first `faint` of them faintly) and, for each frame, the view and the style.

const VERTEX = `#version 300 es
layout(location = 0) in vec2 position;
layout(location = 1) in vec4 color;
uniform vec2 center, scale;
uniform float diameter, opacity;
out vec4 tint;
void main() {
  gl_Position = vec4((position - center) * scale, 0.0, 1.0);
  gl_PointSize = diameter + 1.0;  // half a pixel around it for the soft edge
  tint = vec4(color.rgb * opacity, opacity);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 tint;
uniform float diameter;
out vec4 pixel;
void main() {
  float r = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  pixel = tint * clamp(0.5 * diameter - r + 0.5, 0.0, 1.0);
}`;

class WebglPoints {
  static on(canvas, positions, onRestored) {
    const gl = canvas.getContext("webgl2", { antialias: false });
    return gl && new WebglPoints(gl, canvas, positions, onRestored);
  }

  constructor(gl, canvas, positions, onRestored) {
    this.gl = gl;
    this.positions = positions;
    this.rows = new Uint32Array(0);
    this.faint = 0;
    this.colors = new Uint8Array(positions.length * 2);
    this.start();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.start();
      onRestored();
    });
  }

  start() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program));
    }
    gl.useProgram(program);
    this.at = Object.fromEntries(
      ["center", "scale", "diameter", "opacity"].map((x) => [x, gl.getUniformLocation(program, x)]),
    );
    const attribute = (location, size, type, isNormalized) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, type, isNormalized, 0, 0);
      return buffer;
    };
    attribute(0, 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, this.positions, gl.STATIC_DRAW);
    attribute(1, 4, gl.UNSIGNED_BYTE, true); // stays bound: `color` fills it
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.color(this.colors);
    this.choose(this.rows, this.faint);
  }

  color(rgba) {
    this.colors = rgba;
    this.gl.bufferData(this.gl.ARRAY_BUFFER, rgba, this.gl.STATIC_DRAW);
  }

  choose(rows, faint) {
    this.rows = rows;
    this.faint = faint;
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, rows, this.gl.DYNAMIC_DRAW);
  }

  draw(view, style) {
    const { gl, at, faint } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(at.center, view.x, view.y);
    gl.uniform2f(at.scale, (2 * view.k) / view.width, (2 * view.k) / view.height);
    gl.uniform1f(at.diameter, style.diameter * view.dpr);
    const run = (first, end, opacity) => {
      if (end === first) return;
      gl.uniform1f(at.opacity, opacity);
      gl.drawElements(gl.POINTS, end - first, gl.UNSIGNED_INT, 4 * first);
    };
    run(0, faint, style.faint);
    run(faint, this.rows.length, style.opacity);
  }
}

class CanvasPoints {
  constructor(canvas, positions) {
    this.context = canvas.getContext("2d");
    this.positions = positions;
  }

  color(rgba) {
    this.colors = new Uint32Array(rgba.buffer); // alpha in the highest byte
  }

  choose(rows, faint) {
    this.rows = rows;
    this.faint = faint;
  }

  draw(view, style) {
    this.context.clearRect(0, 0, view.width * view.dpr, view.height * view.dpr);
    if (style.diameter < 4) this.squares(view, style);
    else this.discs(view, style);
  }

  /** Call `put(x, y, row, isFaint)`, in pixels of the canvas, for each row that is in sight. */
  each(view, put) {
    const { positions, rows, faint } = this;
    const k = view.k * view.dpr;
    const { width, height } = this.context.canvas;
    for (let i = 0; i < rows.length; i++) {
      const x = width / 2 + (positions[2 * rows[i]] - view.x) * k;
      const y = height / 2 - (positions[2 * rows[i] + 1] - view.y) * k;
      if (x > -20 && y > -20 && x < width + 20 && y < height + 20) put(x, y, rows[i], i < faint);
    }
  }

  /** Many small points: written into a picture, far faster than a rectangle for each. */
  squares(view, style) {
    const { context } = this;
    const { width, height } = context.canvas;
    const picture = context.createImageData(width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    const side = Math.max(1, Math.round(style.diameter * view.dpr));
    const [strong, faint] = [style.opacity, style.faint].map((x) => Math.round(255 * x) << 24);
    this.each(view, (x, y, row, isFaint) => {
      const left = Math.round(x - side / 2);
      const top = Math.round(y - side / 2);
      if (left < 0 || top < 0 || left + side > width || top + side > height) return;
      const pixel = (this.colors[row] & 0xffffff) | (isFaint ? faint : strong);
      for (let j = top; j < top + side; j++) {
        pixels.fill(pixel, j * width + left, j * width + left + side);
      }
    });
    context.putImageData(picture, 0, 0);
  }

  discs(view, style) {
    const { context } = this;
    const radius = (style.diameter / 2) * view.dpr;
    let last = null;
    this.each(view, (x, y, row, isFaint) => {
      const color = this.colors[row];
      context.globalAlpha = isFaint ? style.faint : style.opacity;
      if (color !== last) {
        const rgb = [color & 255, (color >> 8) & 255, (color >> 16) & 255];
        context.fillStyle = `rgb(${rgb})`;
      }
      last = color;
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
    });
  }
}

/** Diameter (CSS pixels) and opacities of the points: small and faint where there are many. */
function pointStyle(n, view) {
  const zoom = Math.max(1, view.k / view.home.k);
  const room = (0.59 * 2 * view.home.k) / Math.sqrt(n);
  const small = Math.max(1.3, Math.min(7, room));
  const diameter = Math.min(small * zoom ** 0.45, Math.max(small, 11));
  const thin = Math.max(0.4, Math.min(0.85, 1.15 - 0.1 * Math.log10(n)));
  const opacity = 0.9 - (0.9 - thin) / zoom ** 0.5;
  return { diameter, opacity, faint: 0.13 * opacity };
}
