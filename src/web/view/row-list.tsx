// A list of any length that draws only the rows in view: what the reader looks at stays where it is
// while rows above it come, go or change their height, and the end stays in view for who is at it.
import { Component, createRef, type ComponentChildren } from 'preact';
import type { MessageView } from '../../chat/view.ts';
import { Heights } from '../model/heights.ts';
import { findPlace } from '../model/order.ts';
import { windowOf, type RowWindow } from '../model/row-window.ts';

interface Props {
  readonly messages: readonly MessageView[];
  /** Whether there are messages behind the last one that are not here: its end is none to stay at. */
  readonly isCut?: boolean;
  /** Where the list puts itself, for whoever has to move it. */
  readonly handle: { current: RowList | null };
  /** What stands before and behind the rows; drawn always. */
  readonly head: ComponentChildren;
  readonly foot: ComponentChildren;
  readonly label: string;
  readonly row: (message: MessageView, before: MessageView | undefined) => ComponentChildren;
  /** The reader is near the top. */
  readonly onTop: () => void;
  /** The same of the bottom, where the list is cut. */
  readonly onBottom?: () => void;
  readonly onEnd: (isAtEnd: boolean) => void;
}

interface State {
  readonly window: RowWindow;
}

const nothing: RowWindow = { start: 0, end: 0, above: 0, below: 0 };

/** Until a row was drawn. */
const usualRowPx = 56;
/** Nearer to the end than this counts as being there. */
const endPx = 24;
/** Rows that are not here are asked for before the reader gets to them. */
const topPx = 1500;

export class RowList extends Component<Props, State> {
  override state: State = { window: nothing };
  readonly #scroller = createRef<HTMLDivElement>();
  readonly #head = createRef<HTMLDivElement>();
  readonly #heights = new Heights();
  readonly #measured = new Map<string, number>();
  readonly #rows = new Map<string, HTMLElement>();
  readonly #refs = new Map<string, (element: HTMLElement | null) => void>();
  readonly #watch = new ResizeObserver(() => {
    this.#settle();
  });
  #messages: readonly MessageView[] = [];
  #isAtEnd = true;
  /** Where the view was last. */
  #top = 0;
  /** The first row in view, and how much of it is above the view. */
  #anchor: { message: MessageView; offset: number } | undefined;

  override componentDidMount(): void {
    this.props.handle.current = this;
    if (this.#scroller.current !== null) this.#watch.observe(this.#scroller.current);
    this.#settle();
  }

  override componentDidUpdate(): void {
    this.#settle();
  }

  override componentWillUnmount(): void {
    this.props.handle.current = null;
    this.#watch.disconnect();
  }

  toEnd(): void {
    this.#setAtEnd(true);
    this.#settle();
  }

  /** Brings a message into the middle of the view, and the focus to it where asked. */
  reveal(message: MessageView, hasFocus: boolean): void {
    const scroller = this.#scroller.current;
    if (scroller === null) return;
    const row = this.#rows.get(message.id);
    const view = scroller.getBoundingClientRect();
    const box = row?.getBoundingClientRect();
    if (box === undefined || box.top < view.top || box.bottom > view.bottom) {
      const offset = box === undefined || box.top < view.top ? -80 : box.height + 80 - view.height;
      this.#setAtEnd(false);
      this.#anchor = { message, offset };
      this.#settle();
    }
    if (hasFocus) {
      requestAnimationFrame(() => {
        this.#rows.get(message.id)?.querySelector<HTMLElement>('article')?.focus();
      });
    }
  }

  override render({ messages, head, foot, label, row }: Props, { window }: State) {
    this.#adopt(messages);
    const drawn = messages.slice(window.start, window.end);
    // Announced elsewhere: as a live region it would read out whatever scrolling draws.
    return (
      <div
        class="scroller"
        role="log"
        aria-live="off"
        aria-label={label}
        tabIndex={0}
        ref={this.#scroller}
        onScroll={() => {
          this.#scrolled();
        }}
      >
        <div ref={this.#head}>{head}</div>
        <div style={{ height: `${window.above}px` }} />
        {drawn.map((message, i) => (
          <div key={message.id} class="row" ref={this.#refOf(message.id)}>
            {row(message, messages[window.start + i - 1])}
          </div>
        ))}
        <div style={{ height: `${window.below}px` }} />
        {foot}
      </div>
    );
  }

  /** The same function each time: another one would be attached anew at each drawing. */
  #refOf(id: string): (element: HTMLElement | null) => void {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const made = (element: HTMLElement | null): void => {
      this.#attach(id, element);
    };
    this.#refs.set(id, made);
    return made;
  }

  #attach(id: string, element: HTMLElement | null): void {
    const before = this.#rows.get(id);
    if (before === element) return;
    if (before !== undefined) this.#watch.unobserve(before);
    if (element === null) {
      this.#rows.delete(id);
      this.#refs.delete(id);
    } else {
      this.#rows.set(id, element);
      this.#watch.observe(element);
    }
  }

  /** Other messages than before: most often some more at the end. */
  #adopt(messages: readonly MessageView[]): void {
    const old = this.#messages;
    if (old === messages) return;
    this.#messages = messages;
    const isLonger =
      old.length > 0 &&
      messages[0]?.id === old[0]?.id &&
      messages[old.length - 1]?.id === old.at(-1)?.id;
    if (!isLonger) {
      this.#heights.reset(messages.map(({ id }) => this.#measured.get(id) ?? usualRowPx));
      return;
    }
    for (let i = old.length; i < messages.length; i++) {
      this.#heights.push(this.#measured.get(messages[i]?.id ?? '') ?? usualRowPx);
    }
  }

  /** Measures what is drawn, keeps what is looked at in its place, and draws what is in view then. */
  #settle(): void {
    const scroller = this.#scroller.current;
    if (scroller === null || scroller.clientHeight === 0) return;
    const { start } = this.state.window;
    for (const [id, element] of this.#rows) {
      const { height } = element.getBoundingClientRect();
      this.#measured.set(id, height);
    }
    for (let i = start; i < this.state.window.end; i++) {
      const height = this.#measured.get(this.#messages[i]?.id ?? '');
      if (height !== undefined) this.#heights.set(i, height);
    }
    const top = this.#wantedTop(scroller);
    this.#draw(top, scroller.clientHeight, () => {
      // What stands behind the rows is a part of the end.
      if (this.#isAtEnd) scroller.scrollTop = scroller.scrollHeight;
      else if (Math.abs(scroller.scrollTop - top) >= 1) scroller.scrollTop = top;
      this.#top = scroller.scrollTop;
    });
    if (top - this.#headHeight < topPx && this.#messages.length > 0) this.props.onTop();
    this.#lookBelow(top, scroller.clientHeight);
  }

  #lookBelow(top: number, height: number): void {
    const left = this.#headHeight + this.#heights.total - top - height;
    if (this.props.isCut === true && left < topPx) this.props.onBottom?.();
  }

  get #headHeight(): number {
    return this.#head.current?.offsetHeight ?? 0;
  }

  #wantedTop(scroller: HTMLElement): number {
    if (this.#isAtEnd) {
      return Math.max(0, this.#headHeight + this.#heights.total - scroller.clientHeight);
    }
    if (this.#anchor === undefined) return scroller.scrollTop;
    const { message, offset } = this.#anchor;
    const index = findPlace(this.#messages, message);
    return Math.max(0, this.#headHeight + this.#heights.sum(index) + offset);
  }

  #draw(top: number, height: number, then: () => void): void {
    const next = windowOf(this.#heights, top - this.#headHeight, height);
    const { window } = this.state;
    const isSame =
      next.start === window.start &&
      next.end === window.end &&
      Math.abs(next.above - window.above) < 0.5 &&
      Math.abs(next.below - window.below) < 0.5;
    if (isSame) then();
    else this.setState({ window: next });
  }

  #scrolled(): void {
    const scroller = this.#scroller.current;
    if (scroller === null) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller;
    // The end can move away from who is at it; only going up leaves it.
    const { isCut = false } = this.props;
    const isThere = scrollTop + clientHeight >= scrollHeight - endPx;
    if (isThere && !isCut) this.#setAtEnd(true);
    else if (isCut || scrollTop < this.#top - 1) this.#setAtEnd(false);
    this.#top = scrollTop;
    const top = scrollTop - this.#headHeight;
    const index = this.#heights.find(Math.max(0, top));
    const message = this.#messages[index];
    if (message !== undefined) {
      this.#anchor = { message, offset: top - this.#heights.sum(index) };
    }
    this.#draw(scrollTop, clientHeight, () => undefined);
    if (scrollTop < topPx) this.props.onTop();
    this.#lookBelow(scrollTop, clientHeight);
  }

  #setAtEnd(isAtEnd: boolean): void {
    const isOther = this.#isAtEnd !== isAtEnd;
    this.#isAtEnd = isAtEnd;
    if (isOther) this.props.onEnd(isAtEnd);
  }
}
