/** All files of a drop, those in folders included. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  // Both lists are empty once the event is over, so they are read before anything is waited for.
  const entries = Array.from(items, (item) => item.webkitGetAsEntry());
  const plain = Array.from(files);
  if (entries.includes(null)) return plain;
  return (await Promise.all(entries.map((entry) => filesIn(entry!)))).flat();
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  // By its own word, because not every browser has the classes of entries by their names.
  if (entry.isFile)
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    // A folder is read in parts, of which the last is empty.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return files;
    files.push(...(await Promise.all(part.map(filesIn))).flat());
  }
}
