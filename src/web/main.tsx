// Starts the page.
import { render } from 'preact';
import { start } from './state/live.ts';
import { openSettings } from './state/settings.ts';
import { readAddress } from './state/ui.ts';
import { App } from './view/app.tsx';

openSettings();
readAddress();
addEventListener('hashchange', readAddress);
start();
const root = document.getElementById('page');
if (root !== null) render(<App />, root);
