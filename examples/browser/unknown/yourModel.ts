import { type Classifier, classifier } from 'relu-overconfidence';
import { type LoadedModel, loadModel } from 'relu-overconfidence/models';

/** A visitor's model, on the backend of the moment. */
export interface YourModel {
  readonly model: LoadedModel['model'];
  readonly net: Classifier;
}

/** Reads a .zip of Teachable Machine, or model.json with its weights. The caller disposes of the model. */
export async function readYourModel(files: readonly File[]): Promise<YourModel> {
  const { model, bounds, labels } = await loadModel(files);
  try {
    if (labels?.length === 1)
      throw new Error(`This model has one class only, ${labels[0]}. Train it with another one beside it.`);
    const net = classifier(model, { ...(bounds && { bounds }), ...(labels && { labels }) });
    checkTakesPictures(net);
    return { model, net };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function checkTakesPictures({ inputShape, image, bounds }: Classifier): void {
  const [, , channels = 1] = inputShape;
  const isPicture = inputShape.length >= 2 && inputShape.length <= 3 && image !== false && Array.isArray(bounds);
  if (!isPicture || (channels !== 1 && channels !== 3))
    throw new Error(
      `This model takes inputs of shape [${inputShape.join(', ')}], and this page shows it pictures only.`,
    );
}
