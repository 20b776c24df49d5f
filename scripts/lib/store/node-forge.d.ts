// The ASN.1 module of node-forge alone, which is a tenth of the package: as far as it is used here.
declare module 'node-forge/lib/asn1.js' {
  /** `value`: octets as a binary string, or the parts of a constructed value. */
  interface Node {
    readonly tagClass: number;
    readonly type: number;
    readonly value: string | readonly Node[];
  }
  const asn1: {
    readonly Type: Readonly<Record<'SEQUENCE' | 'SET' | 'OID' | 'BITSTRING' | 'OCTETSTRING' | 'BOOLEAN', number>>;
    fromDer(bytes: string, options: { readonly strict: boolean; readonly decodeBitStrings: boolean }): Node;
    toDer(node: Node): { getBytes(): string };
    derToOid(bytes: string): string;
  };

  export type { Node };
  export default asn1;
}
