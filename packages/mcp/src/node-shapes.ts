// What this server reads of the answers of a node, by the names that its HTTP interface gives. Types
// only.

export interface NodeMessage {
  readonly id: string;
  readonly cursor: string;
  readonly group: string;
  readonly author: string;
  readonly name: string | null;
  /** Written by a program: then `name` is what its node calls it, and `node_name` the node's own. */
  readonly bot?: true;
  readonly node_name?: string | null;
  readonly time: string;
  readonly kind: string;
  readonly text: string;
  readonly reply_to: string | null;
  readonly replies: number;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly hidden: boolean;
  readonly priority: 'low' | 'high' | 'urgent' | null;
  readonly ack: { readonly by: readonly string[] } | null;
  readonly reactions: Readonly<Record<string, readonly string[]>>;
  readonly mentions: readonly string[];
  readonly mine: boolean;
  readonly disputed?: true;
  readonly delivery: { readonly stored: readonly string[]; readonly members: number };
}

export interface NodePage {
  readonly messages: readonly NodeMessage[];
  readonly next: string;
  readonly more: boolean;
}

export interface NodeSearchPage extends NodePage {
  readonly complete: boolean;
  readonly searched_from: string | null;
}

export interface NodeGroup {
  readonly id: string;
  readonly name: string;
  readonly topic: string | null;
  readonly encrypted: boolean;
  readonly role: string;
  readonly state: string;
  readonly members: number;
  readonly unread: number;
  readonly mentions: number;
  readonly read_cursor?: string;
  readonly kind?: string;
  readonly last_message: { readonly time: string } | null;
}

export interface NodeMember {
  readonly pk: string;
  readonly name: string | null;
  readonly role: string;
  readonly online: boolean;
  readonly bot?: boolean;
}

export interface NodeStatus {
  readonly pk: string;
  readonly name: string | null;
  readonly version: string;
  readonly room: string;
  readonly behind: number;
  readonly peers: { readonly known: number; readonly connected: number };
}

export interface NodeRead {
  readonly group: string;
  readonly cursor: string;
  readonly unread: number;
  readonly mentions: number;
}
