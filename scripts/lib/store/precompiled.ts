// Precompiled templates by their text: none when running from the sources; the build puts the shipped ones here.

export const precompiled: Readonly<Record<string, unknown>> = {};
