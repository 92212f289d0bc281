/** A WAV file of 32-bit floating-point samples: how music that only the browser can decode reaches the room. */
export function wavOf(decoded: AudioBuffer): Blob {
  const nChannels = Math.min(decoded.numberOfChannels, 2);
  const nBytes = decoded.length * nChannels * 4;
  const header = new DataView(new ArrayBuffer(44));
  const text = (at: number, word: string) => [...word].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + nBytes, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 3, true);
  header.setUint16(22, nChannels, true);
  header.setUint32(24, decoded.sampleRate, true);
  header.setUint32(28, decoded.sampleRate * nChannels * 4, true);
  header.setUint16(32, nChannels * 4, true);
  header.setUint16(34, 32, true);
  text(36, "data");
  header.setUint32(40, nBytes, true);
  const samples = new Float32Array(decoded.length * nChannels);
  for (let channel = 0; channel < nChannels; channel++) {
    const from = decoded.getChannelData(channel);
    for (let i = 0; i < from.length; i++) samples[i * nChannels + channel] = from[i];
  }
  return new Blob([header.buffer, samples.buffer], { type: "audio/wav" });
}

const ONLY_IN_BROWSERS = /\.(m4a|aac|mp4|alac|webm|opus|caf)$/i;

/** The file as the room can read it: decoded here where the room cannot. */
export async function readable(file: File): Promise<{ content: Blob; name: string }> {
  if (!ONLY_IN_BROWSERS.test(file.name)) return { content: file, name: file.name };
  const context = new OfflineAudioContext(2, 1, 44_100);
  try {
    return { content: wavOf(await context.decodeAudioData(await file.arrayBuffer())), name: file.name.replace(ONLY_IN_BROWSERS, ".wav") };
  } catch {
    throw new Error(`${file.name}: this browser cannot decode the file; FLAC, WAV, MP3 and OGG can be read everywhere`);
  }
}
