(function () {
  var tip = document.createElement('div'), held = null;
  tip.id = 'tip';
  document.body.appendChild(tip);
  function title(node) {
    for (; node && node !== document.body; node = node.parentNode) {
      if (node.heldTitle) return node.heldTitle;
      var first = node.firstElementChild;
      if (node.ownerSVGElement && first && first.tagName === 'title') {
        node.heldTitle = first.textContent;
        first.remove();
        node.setAttribute('aria-label', node.heldTitle);
        return node.heldTitle;
      }
    }
    return null;
  }
  document.addEventListener('mouseover', function (event) {
    var text = title(event.target), plate = event.target.dataset && event.target.dataset.plate;
    tip.style.display = text ? 'block' : 'none';
    tip.textContent = text || '';
    if (held) held.classList.remove('lit');
    held = null;
    if (plate) {
      held = event.target.ownerSVGElement;
      held.classList.add('lit');
      held.querySelectorAll('.bar').forEach(function (bar) {
        bar.classList.toggle('here', bar.dataset.plate === plate);
      });
    }
  });
  document.addEventListener('mousemove', function (event) {
    var left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    var top = event.clientY + 18;
    if (top + tip.offsetHeight > window.innerHeight) top = event.clientY - tip.offsetHeight - 10;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = top + 'px';
  });
})();
