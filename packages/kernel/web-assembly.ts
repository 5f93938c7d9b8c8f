/**
 * The runtime's WebAssembly object with the types that this package uses (the compiler's library for Node has
 * none).
 */

/** A memory that several threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 64 KiB; returns how many there were. Throws when that is not possible. */
  grow(pages: number): number;
}

/** A compiled module. Opaque; may be sent to workers. */
export interface CompiledModule {
  readonly opaque: never;
}

interface WebAssemblyObject {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (module: CompiledModule, imports: unknown) => { readonly exports: unknown };
}

/** The runtime's WebAssembly object. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyObject }).WebAssembly;
