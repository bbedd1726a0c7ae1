// The little of the peers' interfaces that the bench uses. They bring no types, and are not
// installed where the rest of the project is checked.

declare module '@hyperswarm/secret-stream' {
  import type { Duplex } from 'node:stream';

  const NoiseSecretStream: new (isInitiator: boolean, rawStream: Duplex) => Duplex;
  export = NoiseSecretStream;
}

declare module 'corestore' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  class Corestore {
    constructor(directory: string, options: { readonly allowBackup: boolean });
    ready(): Promise<void>;
    get(which: { readonly name: string } | { readonly key: Uint8Array }): Corestore.Hypercore;
    replicate(stream: Duplex): Duplex;
    close(): Promise<void>;
  }
  namespace Corestore {
    interface Hypercore extends EventEmitter {
      readonly key: Uint8Array;
      ready(): Promise<void>;
      append(blocks: Uint8Array | readonly Uint8Array[]): Promise<unknown>;
      get(index: number): Promise<Uint8Array>;
      download(range: { readonly start: number; readonly end: number }): unknown;
    }
  }
  export = Corestore;
}

declare module 'secret-stack' {
  function SecretStack(options: { readonly caps: object }): SecretStack.Builder;
  namespace SecretStack {
    type Callback<T> = (error: Error | null, value: T) => void;
    interface Builder {
      use(plugin: object): Builder;
      call(self: null, config: object): Peer;
    }
    interface Peer {
      readonly id: string;
      connect(address: string, callback: Callback<unknown>): void;
      close(force: boolean, callback: Callback<unknown>): void;
      readonly db: {
        create(message: object, callback: Callback<unknown>): void;
        onDrain(callback: () => void): void;
        onMsgAdded(listener: (event: Added) => void): void;
      };
      readonly ebt: { request(feed: string, isWanted: boolean): void };
    }
    interface Added {
      readonly kvt: { readonly value: { readonly content: { readonly text?: string } } };
    }
  }
  export = SecretStack;
}

declare module 'ssb-keys' {
  const ssbKeys: {
    generate(): { readonly id: string };
    loadOrCreateSync(path: string): { readonly id: string };
  };
  export = ssbKeys;
}

declare module 'ssb-db2/core.js' {
  const plugin: object;
  export = plugin;
}

declare module 'ssb-db2/compat/ebt.js' {
  const plugin: object;
  export = plugin;
}

declare module 'ssb-classic' {
  const plugin: object;
  export = plugin;
}

declare module 'ssb-ebt' {
  const plugin: object;
  export = plugin;
}
