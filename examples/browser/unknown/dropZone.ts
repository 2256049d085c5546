import { find } from '../ui';
import { droppedFiles } from './droppedFiles';

/** Takes a file input and the card around it into use: `onFiles` hears of the files that are chosen there, or dropped. */
export function useDropZone(
  id: string,
  onFiles: (files: readonly File[]) => void,
  onFailure: (error: unknown) => void,
): void {
  const input = find(`#${id}`, HTMLInputElement);
  const zone = find(`.card:has(#${id})`, HTMLElement);
  const take = (files: readonly File[]) => {
    if (files.length > 0) onFiles(files);
  };
  input.addEventListener('change', () => {
    take(Array.from(input.files ?? []));
    // So that the same files can be chosen again.
    input.value = '';
  });
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && zone.contains(relatedTarget))) zone.classList.remove('over');
  });
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    if (event.dataTransfer !== null) droppedFiles(event.dataTransfer).then(take).catch(onFailure);
  });
}
