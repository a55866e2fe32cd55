// The configuration of the draw page. The server has made the page for somebody, or it comes from the device and was made
// for nobody: then the device says for whom.

import { isBlocked, onDevice } from "../shared/storage.js";
import { accountHere, setAccountHere } from "./account.js";

/** `config` as the server wrote it. */
export function pageConfig(config) {
  if (!config.neutral) {
    setAccountHere(config.user);
    reloadForAnother(config.user);
    return config;
  }
  const user = accountHere();
  reloadForAnother(user);
  removeOthers(user ? "person" : "guest");
  const any = config.any && { ...config.any, chosen: isAnyIn(config.any) };
  return { ...config, user, actingFor: user ?? config.actingFor, recognizer: chosenIn(config), any };
}

/** The page comes back as it was left ("Back"), and somebody has signed out meanwhile: it must not show what was theirs. */
function reloadForAnother(user) {
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && accountHere() !== user && !isBlocked(onDevice)) location.reload();
  });
}

/** Of a neutral page, show the parts that are for `whom`, "person" or "guest", and remove the others. */
export function removeOthers(whom) {
  for (const part of document.querySelectorAll("[data-for]")) {
    if (part.dataset.for === whom) part.hidden = false;
    else part.remove();
  }
}

const lastChosen = () => document.cookie.match(/(?:^|; )recognizer=([^;]+)/)?.[1];

/** Whether all recognizers are asked: by the address, or without a name in it because it was chosen last. */
function isAnyIn({ address }) {
  return location.pathname === address || (location.pathname === "/" && lastChosen() === "any");
}

/** The one in the address, else the one that was chosen last, else the first. */
function chosenIn({ recognizers, recognizer }) {
  const byAddress = recognizers.find(({ address }) => address === location.pathname);
  return (byAddress ?? recognizers.find(({ slug }) => slug === lastChosen()))?.slug ?? recognizer;
}
