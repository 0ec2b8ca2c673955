/** Name under which a reference keeps the distribution of predictions. */
export const predictionColumn = '_prediction';
