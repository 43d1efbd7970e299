/** This page answers a form. Reload and back lead to the information sheet, or into the study: the browser would ask
    whether to send the form again, or show an error. */

history.replaceState(null, "", document.querySelector("[data-address]").dataset.address);
