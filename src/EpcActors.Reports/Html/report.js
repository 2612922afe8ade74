// A cursor shared by all charts over time: what they say at one moment stands under each of them. The page works without.
(function () {
  "use strict";
  const charts = Array.from(document.querySelectorAll("svg.time"), function (svg) {
    const columns = Array.from(svg.querySelectorAll(".readouts rect"), function (rect) {
      const title = rect.querySelector("title");
      const text = title.textContent;
      title.remove();
      return text;
    });
    return { svg: svg, columns: columns, left: Number(svg.dataset.left), width: Number(svg.dataset.width),
      cursor: svg.querySelector(".cursor"), out: svg.parentNode.querySelector(".readout") };
  });
  let at = 0;
  function show(share) {
    at = Math.min(Math.max(share, 0), 1);
    for (const chart of charts) {
      const x = chart.left + at * chart.width;
      chart.cursor.setAttribute("x1", x);
      chart.cursor.setAttribute("x2", x);
      chart.cursor.style.visibility = "visible";
      const count = chart.columns.length;
      chart.out.textContent = count ? chart.columns[Math.min(Math.floor(at * count), count - 1)] : "";
    }
  }
  function hide() {
    for (const chart of charts) {
      chart.cursor.style.visibility = "hidden";
      chart.out.textContent = "";
    }
  }
  for (const chart of charts) {
    chart.svg.addEventListener("pointermove", function (event) {
      const box = chart.svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * chart.svg.viewBox.baseVal.width;
      show((x - chart.left) / chart.width);
    });
    chart.svg.addEventListener("pointerleave", hide);
    chart.svg.addEventListener("blur", hide);
    chart.svg.addEventListener("keydown", function (event) {
      const step = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
      if (step) {
        event.preventDefault();
        show(at + step);
      }
    });
  }
}());
