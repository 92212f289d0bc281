// Writes the sha256 of the source beside the build, so that a test without node can tell whether they belong together.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const files = ["../assets/base.css", "package.json", "package-lock.json", "tsconfig.json", "vite.config.js", "index.html"];
for (const folder of ["src", "public"]) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name).replaceAll("\\", "/"));
  }
}
const hash = createHash("sha256");
for (const file of files.sort()) hash.update(`${file}\0${readFileSync(file, "utf8").replaceAll("\r\n", "\n")}\0`);
writeFileSync("../listening_room/assets/source.sha256", `${hash.digest("hex")}\n`);
