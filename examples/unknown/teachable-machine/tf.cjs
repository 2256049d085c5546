// TensorFlow.js as the script tag of a page has it.
module.exports = globalThis.tf;
