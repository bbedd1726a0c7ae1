// The signs on buttons, drawn by lines on a grid of 24. They say nothing by themselves: the button that
// holds one has a label.
const paths = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.6-4 3-6 6.500-6s5.900 2 6.500 6M16 4.600a3.500 3.500 0 0 1 0 6M18 14.500c2 .8 3.200 2.700 3.500 5.500',
  pin: 'M9 4h6l-.8 6 3.300 3.500h-11L9.800 10zM12 13.500V20',
  network:
    'M6 8.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM18 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM11 21a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8.400 6.400l7.200 1.200M7 8.300l3.200 7.900M16.800 10.200l-4.500 6.300',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5zM9 14.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z',
  plus: 'M12 5v14M5 12h14',
  reply: 'M10 6l-6 5.500 6 5.500v-3.500c5 0 8 1.500 10 5 0-6-3.500-10-10-10z',
  thread: 'M5 5h14v10h-8l-4 4v-4H5z',
  smile:
    'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8 14c1 1.700 2.400 2.500 4 2.500s3-.8 4-2.500M9 9.500v.5M15 9.500v.5',
  edit: 'M5 19l.8-3.800L16 5l3 3L8.800 18.200zM14 7l3 3',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  hide: 'M4 12s3-5.500 8-5.500 8 5.500 8 5.500-3 5.500-8 5.500S4 12 4 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM5 19L19 5',
  lock: 'M7 11h10v8.500H7zM9 11V8a3 3 0 0 1 6 0v3',
  send: 'M4 12l16-7.500-5.500 15.500-3-6.500zM11.500 13.500L20 4.500',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  link: 'M10 14l4-4M8.500 11.500L6 14a2.800 2.800 0 0 0 4 4l2.500-2.500M15.500 12.500L18 10a2.800 2.800 0 0 0-4-4l-2.500 2.500',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  down: 'M12 5v13M6 12.500l6 6 6-6',
  warn: 'M12 4l9 16H3zM12 10v4.500M12 17v.1',
  bell: 'M6.500 16.500V11a5.500 5.500 0 0 1 11 0v5.500l1.500 1.500H5zM10 20.500h4',
  help: 'M9 9.500a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 18v.1',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly pressed?: boolean | undefined;
  readonly class?: string;
  readonly badge?: number;
}

export function IconButton({ icon, label, onClick, pressed, badge = 0, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${rest.class ?? ''}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <Icon name={icon} />
      {badge > 0 && <span class="dot" />}
    </button>
  );
}
