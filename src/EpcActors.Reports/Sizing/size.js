/* Zooms all curves over the limit at once and reads their values out. The page works without. */
(function () {
  "use strict";
  const NS = "http:" + "/" + "/www.w3.org/2000/svg";
  const pods = JSON.parse(document.getElementById("curves").textContent);
  const charts = Array.from(document.querySelectorAll("svg.curve"), function (svg) {
    for (const title of svg.querySelectorAll(".readouts title")) {
      title.remove();
    }
    return { svg: svg, plot: svg.querySelector(".plot"), axis: svg.querySelector(".limits"), key: svg.dataset.key,
      left: Number(svg.dataset.left), width: Number(svg.dataset.width), pages: Number(svg.dataset.pages),
      cursor: svg.querySelector(".cursor"), brush: svg.querySelector(".brush"),
      out: svg.parentNode.querySelector(".readout") };
  });
  let from = 0;
  let to = 1;
  let start = null;
  function bytes(pages) {
    const mebi = pages / 256;
    return mebi >= 1024 ? (mebi / 1024).toFixed(2) + " GiB" : mebi >= 1 ? mebi.toFixed(1) + " MiB"
      : (pages * 4).toFixed(0) + " KiB";
  }
  function step(span) {
    let size = 1;
    while (span / size > 10) {
      size *= 2;
    }
    return size;
  }
  function add(parent, name, attributes, text) {
    const element = document.createElementNS(NS, name);
    for (const key of Object.keys(attributes)) {
      element.setAttribute(key, attributes[key]);
    }
    if (text) {
      element.textContent = text;
    }
    parent.appendChild(element);
  }
  function draw() {
    for (const chart of charts) {
      chart.plot.setAttribute("viewBox", [from * 1000, 0, (to - from) * 1000, 1000].join(" "));
      const box = chart.svg.viewBox.baseVal;
      const low = from * chart.pages;
      const high = to * chart.pages;
      const size = step(high - low);
      chart.axis.replaceChildren();
      for (let at = Math.ceil(low / size) * size; high >= at; at += size) {
        const x = chart.left + (at - low) / (high - low) * chart.width;
        const isLast = x > box.width - 44;
        add(chart.axis, "line", { x1: x, x2: x, y1: box.height - 24, y2: box.height - 20 });
        add(chart.axis, "text", { x: isLast ? box.width - 2 : x, y: box.height - 6,
          "text-anchor": isLast ? "end" : "middle" }, at === 0 ? "0" : bytes(at));
      }
    }
  }
  function zoom(low, high) {
    const least = 0.002;
    const width = Math.min(1, Math.max(least, high - low));
    from = Math.min(Math.max(0, low), 1 - width);
    to = from + width;
    draw();
  }
  function valueAt(points, limit) {
    if (points.length === 0 || points[0][0] > limit) {
      return null;
    }
    for (let i = 1; points.length > i; i++) {
      if (points[i][0] >= limit) {
        const part = (limit - points[i - 1][0]) / (points[i][0] - points[i - 1][0]);
        return points[i - 1][1] + part * (points[i][1] - points[i - 1][1]);
      }
    }
    return points[points.length - 1][1];
  }
  function show(share) {
    const at = Math.min(Math.max(share, 0), 1);
    for (const chart of charts) {
      const limit = (from + at * (to - from)) * chart.pages;
      const x = chart.left + at * chart.width;
      chart.cursor.setAttribute("x1", x);
      chart.cursor.setAttribute("x2", x);
      chart.cursor.style.visibility = "visible";
      const texts = [bytes(limit) + " (" + Math.round(limit) + " pages)"];
      for (const pod of pods) {
        const value = valueAt(pod[chart.key], limit);
        if (value !== null) {
          texts.push(pod.name + " " + (value * 100).toFixed(1) + " %");
        }
      }
      chart.out.textContent = texts.join(" \u00b7 ");
    }
  }
  function hide() {
    for (const chart of charts) {
      chart.cursor.style.visibility = "hidden";
      chart.out.textContent = "";
    }
  }
  function shareOf(chart, event) {
    const box = chart.svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * chart.svg.viewBox.baseVal.width;
    return Math.min(Math.max((x - chart.left) / chart.width, 0), 1);
  }
  function brush(chart, a, b) {
    chart.brush.setAttribute("x", chart.left + Math.min(a, b) * chart.width);
    chart.brush.setAttribute("width", Math.abs(a - b) * chart.width);
  }
  function span(a, b) {
    const width = to - from;
    zoom(from + Math.min(a, b) * width, from + Math.max(a, b) * width);
  }
  for (const chart of charts) {
    chart.svg.addEventListener("pointerdown", function (event) {
      start = event.pointerType === "touch" ? null : shareOf(chart, event);
    });
    chart.svg.addEventListener("pointermove", function (event) {
      const share = shareOf(chart, event);
      show(share);
      if (start !== null) {
        brush(chart, start, share);
      }
    });
    chart.svg.addEventListener("pointerup", function (event) {
      const share = shareOf(chart, event);
      if (start !== null) {
        if (Math.abs(share - start) > 0.01) {
          span(start, share);
        }
      }
      start = null;
      brush(chart, 0, 0);
    });
    chart.svg.addEventListener("pointerleave", function () {
      start = null;
      brush(chart, 0, 0);
      hide();
    });
    chart.svg.addEventListener("blur", hide);
    chart.svg.addEventListener("dblclick", function () { zoom(0, 1); });
    chart.svg.addEventListener("wheel", function (event) {
      if (document.activeElement === chart.svg) {
        event.preventDefault();
        const at = from + shareOf(chart, event) * (to - from);
        const factor = event.deltaY > 0 ? 1.25 : 0.8;
        zoom(at - (at - from) * factor, at + (to - at) * factor);
      }
    }, { passive: false });
    chart.svg.addEventListener("keydown", function (event) {
      const width = to - from;
      const keys = { ArrowLeft: [-0.1, -0.1], ArrowRight: [0.1, 0.1], "+": [0.2, -0.2], "-": [-0.25, 0.25],
        Escape: [-1e9, 1e9] };
      const move = keys[event.key];
      if (move) {
        event.preventDefault();
        zoom(from + move[0] * width, to + move[1] * width);
      }
    });
  }
}());
